"""An inspector's one-time code at a gate: it opens nothing, is recorded, and is answered signed."""

from dataclasses import dataclass, field

from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.domain.effects import AnswerWitness, Unlock
from edge.domain.model import Moment
from edge.gate.disk import DirectBench, DirectDisk
from edge.gate.presence import Appearance, Identity
from edge.gate.witness import WitnessDesk, software_hash
from edge.kiosk.draw import fragment
from edge.kiosk.reading import Reading
from edge.kiosk.view import State, view_of
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.events import AdapterKind, EventKind
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.witness import nonce_text, open_answer
from tests.support.gate_factories import IN, NOON
from tests.support.gate_run import GateRun

NONCE = bytes(range(16))
SIGNER = Ed25519Signer.from_seed(b"w" * 32)


@dataclass
class Screen:
    codes: list[str] = field(default_factory=list)

    def show_code(self, text: str) -> None:
        self.codes.append(text)


class StillClock:
    def now(self) -> Moment:
        return Moment(NOON, 1_000)


def test_a_one_time_code_opens_nothing_and_is_recorded() -> None:
    gate = GateRun()
    assert gate.show(nonce_text(NONCE)) is None
    assert AnswerWitness(IN, NONCE) in gate.effects
    assert not [effect for effect in gate.effects if isinstance(effect, Unlock)]
    assert gate.told(EventKind.HEALTH)[-1] is ReasonCode.WITNESSED


def test_a_code_that_cannot_be_read_is_an_invalid_pass() -> None:
    gate = GateRun()
    assert gate.show("ACW1:TOO-SHORT") is ReasonCode.INVALID_PASS


def test_many_codes_are_answered_within_the_readers_budget_only() -> None:
    gate = GateRun()
    asked = 0
    for at in range(80):
        gate.show(nonce_text(at.to_bytes(16, "big")))
        asked += any(isinstance(effect, AnswerWitness) for effect in gate.effects)
    assert 0 < asked < 80


def test_the_answer_tells_log_configuration_program_and_counters() -> None:
    screen = Screen()
    store = MemoryStore(MemoryDisk(), "tongxing", "gate-south", salt_source=CountedSalts(1))
    store.open()
    who = Identity(
        SiteId("tongxing"),
        GateId("gate-south"),
        b"b" * 16,
        1,
        SIGNER,
        AdapterKind.SIMULATED,
        "equalgate test",
    )
    look = Appearance({}, {}, face={"presses": 3, "entry_frames": 9}, face_state="ready")
    held = {"config": (4, b"c" * 32), "policy": (2, b"p" * 32)}
    desk = WitnessDesk(
        who,
        StillClock(),
        DirectDisk(store),
        DirectBench(),
        lambda: look,
        lambda: held,
        {IN: screen},
    )
    desk.answer(AnswerWitness(IN, NONCE))
    desk.answer(AnswerWitness("elsewhere", NONCE))
    assert len(screen.codes) == 1
    answer = open_answer(screen.codes[0], NONCE)
    assert (answer.gate, answer.public_key) == ("gate-south", SIGNER.public_key)
    assert (answer.config, answer.policy) == (b"c" * 32, b"p" * 32)
    assert answer.software_hash == software_hash()
    assert answer.counters[:3] == (3, 0, 9)
    assert answer.size == store.heads()[-1].size


def test_the_screen_draws_the_code_for_a_minute() -> None:
    reading = Reading(IN, 10_000, 10_000, signal="done", reason="witnessed", code="ACW2:ABC")
    view = view_of(reading, 12_000)
    assert view.state is State.WITNESS
    assert "witness-code" in fragment(view, IN, english_first=False)
    later = Reading(IN, 80_000, 10_000, signal="done", reason="witnessed", code="ACW2:ABC")
    assert view_of(later, 80_000).state is State.IDLE
