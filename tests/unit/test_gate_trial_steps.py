"""A trial held against what a gate's own steps say of its lock, sensor, fire line and readers."""

from dataclasses import dataclass, field

from edge.domain.gate import step
from edge.domain.gate_state import GateState
from edge.domain.inputs import (
    DoorSensed,
    ExitRequested,
    FireSensed,
    Input,
    LockSensed,
    Tick,
    WayChanged,
)
from edge.domain.knowledge import Knowledge
from edge.domain.model import ClockTrust, Moment
from edge.domain.trial import checks_of
from edge.gate.trial.keeper import Found, TrialKeeper
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import TrialVerdict
from mqtt.contract.topics import DocumentName
from tests.unit.test_gate_trial import WINDOW_MS, config, on_trial

KIND = AdapterKind.SIMULATED


@dataclass
class Gate:
    """One gate's domain with a keeper that watches it, as the loop drives them."""

    state: GateState = field(default_factory=GateState)
    keeper: TrialKeeper = field(default_factory=TrialKeeper)
    mono_ms: int = 1_000

    def __post_init__(self) -> None:
        before, after = (
            Held(number, digest_of(records), records)
            for number, records in ((1, config(5_000)), (2, config(7_000, on_trial())))
        )
        self.knowledge = Knowledge.from_documents("site-1", "gate-1", {DocumentName.CONFIG: after})
        self.sense(DoorSensed(self.at, "north", False, KIND))
        self.sense(LockSensed(self.at, "north", True, KIND))
        self.sense(WayChanged(self.at, "north-in", Method.FOB, "ready", ReasonCode.WAY_READY, KIND))
        self.pass_time(2_000)
        self.keeper.take(self.keeper.plan(before, after))

    @property
    def at(self) -> Moment:
        return Moment(self.mono_ms, 1_800_000_000_000 + self.mono_ms, ClockTrust.SYNCED)

    def sense(self, item: Input) -> None:
        self.state, effects = step(self.state, item, self.knowledge)
        self.keeper.watch(effects)

    def pass_time(self, ms: int) -> Found | None:
        """Let time pass in seconds; return the newest report."""
        newest = None
        for _ in range(0, ms, 1_000):
            self.mono_ms += 1_000
            self.sense(Tick(self.at))
            checks = checks_of(self.state, self.knowledge)
            newest = self.keeper.tick(checks, self.at) or newest
        return newest


def test_G13_a_relay_that_sticks_is_seen_at_the_first_opening_and_ends_the_trial() -> None:
    gate = Gate()
    assert gate.pass_time(3_000) is not None
    gate.sense(ExitRequested(gate.at, "north", True, KIND))
    gate.sense(ExitRequested(gate.at, "north", False, KIND))
    found = gate.pass_time(3_000)
    assert found is not None
    assert (found.verdict, found.failed, found.is_news) == (
        TrialVerdict.FAILED,
        "lock:north",
        True,
    )
    assert gate.keeper.is_back


def test_G13_a_lock_that_follows_proves_itself() -> None:
    gate = Gate()
    gate.pass_time(2_000)
    gate.sense(ExitRequested(gate.at, "north", True, KIND))
    gate.sense(LockSensed(gate.at, "north", False, KIND))
    gate.sense(ExitRequested(gate.at, "north", False, KIND))
    gate.pass_time(7_000)
    gate.sense(LockSensed(gate.at, "north", True, KIND))
    found = gate.pass_time(WINDOW_MS + 6_000)
    assert found is not None
    assert (found.verdict, found.checks["lock:north"]) == (TrialVerdict.HEALTHY, "ok")


def test_G13_a_reader_or_the_fire_line_that_fails_ends_the_trial_but_face_never_does() -> None:
    gate = Gate()
    fault = ReasonCode.READER_OFFLINE
    gate.sense(WayChanged(gate.at, "north-in", Method.FACE, "fault", fault, KIND))
    assert gate.pass_time(8_000) is not None
    assert not gate.keeper.is_back
    gate.sense(WayChanged(gate.at, "north-in", Method.FOB, "fault", fault, KIND))
    found = gate.pass_time(5_000)
    assert found is not None
    assert found.failed == "reader:north-in:fob"
    other = Gate()
    other.sense(FireSensed(other.at, False, True, KIND))
    other.sense(LockSensed(other.at, "north", False, KIND))
    found = other.pass_time(5_000)
    assert found is not None
    assert found.failed == "fire"
