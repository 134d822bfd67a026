"""Make random inputs for a gate: everything that can happen, in any order, with time between."""

from dataclasses import dataclass, replace

import msgspec
from hypothesis import strategies as st

from edge.domain.card_formats import CardBits, CardTier
from edge.domain.face_inputs import (
    FaceButton,
    FaceCalibrated,
    FaceCounted,
    FaceCounts,
    FaceEnrolEnded,
    FaceEnrolled,
    FaceEnrolWaits,
    FaceErased,
    FaceHinted,
    FaceStored,
    FaceWorker,
    KeyPressed,
)
from edge.domain.inputs import (
    Attempted,
    CallPressed,
    CommandArrived,
    DoorSensed,
    ExitRequested,
    FeedHeard,
    FireSensed,
    Input,
    LockSensed,
    MoveHeard,
    Observed,
    PowerSensed,
    RedemptionHeard,
    StaffActed,
    TamperSensed,
    Tick,
    WayChanged,
)
from edge.domain.model import (
    AccessAttempt,
    CardClaim,
    ClockTrust,
    FaceClaim,
    GuardClaim,
    Moment,
    PassClaim,
    PinClaim,
    StaffAction,
)
from mqtt.contract.commands import Command, Operation
from mqtt.contract.entry_pass import PassKind
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    ConfigRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)
from tests.support.gate_factories import (
    CARD,
    DOOR,
    GATE,
    GUARD,
    HOUR,
    IN,
    MINUTE,
    NOON,
    OTHER_GATE,
    OUT,
    PAD_PIN,
    SITE,
    Papers,
    credential_id,
    make_access_point,
    make_pass,
    person,
    visitor_pass,
)
from tests.support.gate_run import GateRun

SIDE = "side-door"
SIDE_IN = "side-in"
PORTALS = st.sampled_from([DOOR, SIDE, "unknown-door"])
PLACES = st.sampled_from([IN, OUT, SIDE_IN, "nowhere", ""])
KINDS = st.sampled_from(AdapterKind)
TEXTS = (
    make_pass(),
    make_pass(PassKind.RESIDENT_WINDOW),
    make_pass(PassKind.RESIDENT_WINDOW, NOON + MINUTE),
    visitor_pass(uses=2, hours_from_first_use=1),
    visitor_pass(home=OTHER_GATE, pass_id=credential_id(901), uses=1),
    "AC1:garbage",
    "AR1:garbage",
)
CLAIMS = st.one_of(
    st.sampled_from([CARD, CardBits(1, 24), CardBits(0, 512)]).map(
        lambda card: CardClaim(card, CardTier.CLONABLE)
    ),
    st.text("0123456789", max_size=6).map(PinClaim),
    st.sampled_from(TEXTS).map(PassClaim),
    st.text(max_size=20).map(PassClaim),
    st.just(GuardClaim(GUARD)),
)
NON_FACE = st.sampled_from([method for method in Method if method is not Method.FACE])


@dataclass(frozen=True, slots=True)
class Later:
    """An input without its moment: what comes, and how long after the last one."""

    item: Input
    after_ms: int
    trust: ClockTrust

    def at(self, gate: GateRun) -> Input:
        """Move the gate's clock on and return the input of that moment."""
        gate.at = replace(
            gate.at,
            mono_ms=gate.at.mono_ms + self.after_ms,
            utc_ms=gate.at.utc_ms + self.after_ms,
            trust=self.trust,
        )
        moved = replace(self.item, at=gate.at)
        if isinstance(moved, CommandArrived):
            deadline_ms = gate.at.mono_ms + moved.command.deadline_mono_ms
            command = msgspec.structs.replace(moved.command, deadline_mono_ms=deadline_ms)
            return replace(moved, command=command)
        return moved


_AT = st.just(Moment(0, 0))
_ATTEMPTS = st.builds(AccessAttempt, PLACES, NON_FACE, CLAIMS, st.integers(-1, 20_000_000), KINDS)
_COMMANDS = st.builds(
    Command,
    st.just(SITE),
    st.just(GATE),
    st.just(b"boot"),
    st.integers(0, 30).map(lambda number: number.to_bytes(16, "big")),
    st.sampled_from(Operation),
    PLACES,
    st.integers(0, 4_000),
    st.just(GUARD),
    st.sampled_from(["", "move"]),
    st.just(NOON),
    st.integers(0, 10_000),
    st.sampled_from([b"", person(1)]),
)
_OBSERVED = st.sampled_from([EventKind.READER, EventKind.DOCUMENT, EventKind.HEALTH])
_ITEMS: st.SearchStrategy[Input] = st.one_of(
    st.builds(Attempted, _AT, _ATTEMPTS),
    st.builds(DoorSensed, _AT, PORTALS, st.booleans(), KINDS),
    st.builds(LockSensed, _AT, PORTALS, st.booleans(), KINDS),
    st.builds(ExitRequested, _AT, PORTALS, st.booleans(), KINDS),
    st.builds(FireSensed, _AT, st.booleans(), st.booleans(), KINDS),
    st.builds(TamperSensed, _AT, st.booleans(), KINDS),
    st.builds(PowerSensed, _AT, st.booleans(), KINDS),
    st.builds(CommandArrived, _AT, _COMMANDS),
    st.builds(
        StaffActed,
        _AT,
        PLACES,
        st.sampled_from(StaffAction),
        KINDS,
        st.none(),
        st.just(""),
        st.sampled_from(["", "move"]),
    ),
    st.builds(CallPressed, _AT, PLACES, KINDS),
    st.builds(
        RedemptionHeard,
        _AT,
        st.sampled_from([GATE, OTHER_GATE]),
        st.sampled_from([credential_id(900), credential_id(901)]),
        st.integers(0, 3),
        st.integers(0, 2 * NOON),
    ),
    st.builds(FeedHeard, _AT, st.sampled_from([GATE, OTHER_GATE])),
    st.builds(
        MoveHeard,
        _AT,
        st.just(OTHER_GATE),
        st.sampled_from([b"", person(1)]),
        st.sampled_from(["", "court"]),
        st.sampled_from(["", "court"]),
        st.integers(0, 2 * NOON),
    ),
    st.builds(
        WayChanged,
        _AT,
        PLACES,
        st.sampled_from(Method),
        st.sampled_from(["ready", "fault"]),
        st.sampled_from(ReasonCode),
        KINDS,
    ),
    st.builds(Observed, _AT, _OBSERVED, st.sampled_from(ReasonCode), KINDS),
    st.builds(Tick, _AT),
)
LATER = st.builds(
    Later,
    _ITEMS,
    st.sampled_from([0, 1, 400, 1_000, 6_000, MINUTE, 16 * MINUTE, 2 * HOUR]),
    st.sampled_from([ClockTrust.SYNCED] * 3 + [ClockTrust.HOLDOVER, ClockTrust.UNKNOWN]),
)
SEQUENCES = st.lists(LATER, max_size=25)
_PERSONS = st.sampled_from([person(1), person(2)])
_REASONS = st.sampled_from(ReasonCode)
_FACE_SAID = (
    st.builds(FaceButton, _AT, st.just(IN), st.booleans(), KINDS),
    st.builds(KeyPressed, _AT, st.just(IN), KINDS),
    st.builds(
        FaceWorker, _AT, st.booleans(), st.booleans(), _REASONS, KINDS, st.booleans(), st.just(True)
    ),
    st.builds(
        FaceWorker, _AT, st.just(True), st.just(True), _REASONS, KINDS, st.booleans(), st.just(True)
    ),
    st.builds(FaceHinted, _AT, st.just(IN), _REASONS, KINDS),
    st.builds(FaceEnrolWaits, _AT, st.just(IN), _PERSONS, KINDS),
    st.builds(FaceEnrolled, _AT, st.just(IN), _PERSONS, st.just(3), st.just("ab"), KINDS),
    st.builds(FaceEnrolEnded, _AT, st.just(IN), _PERSONS, st.just("timeout"), KINDS),
    st.builds(FaceErased, _AT, _PERSONS, st.integers(0, 3), KINDS),
    st.builds(FaceStored, _AT, st.tuples(_PERSONS), st.booleans(), KINDS),
    st.builds(FaceCounted, _AT, st.just("entry"), st.builds(FaceCounts, st.integers(0, 9)), KINDS),
    st.builds(FaceCalibrated, _AT, st.just("n=10"), KINDS),
)
FACE_ITEMS = st.one_of(
    st.builds(
        Attempted,
        _AT,
        st.builds(
            AccessAttempt,
            st.sampled_from([IN, SIDE_IN]),
            st.just(Method.FACE),
            st.sampled_from([FaceClaim(person(1)), FaceClaim(person(2))]),
            st.just(0),
            KINDS,
        ),
    ),
    st.builds(
        WayChanged,
        _AT,
        st.sampled_from([IN, SIDE_IN]),
        st.just(Method.FACE),
        st.sampled_from(["ready", "fault", "suspended", "not_installed"]),
        st.sampled_from(ReasonCode),
        KINDS,
    ),
    *_FACE_SAID,
)


def crowded_papers(passback: str = "soft") -> Papers:
    """Return a gate with two doors that has every rule switched on; no PIN, which costs a hash."""
    papers = Papers(
        gate=ConfigRecord(passback=passback, double_tap_hold=True),
        portals={
            DOOR: PortalRecord(
                interlock_with=(SIDE,), free_schedule="day", free_needs_first_person=True
            ),
            SIDE: PortalRecord(interlock_with=(DOOR,), turnstile=True),
        },
    )
    del papers.credentials[PAD_PIN]
    day = WindowRecord(tuple(range(7)), 540, 1_020)
    papers.schedules["day"] = ScheduleRecord((day,))
    papers.access_points[IN] = make_access_point(zone_to="court", entry_confirmed=True)
    papers.access_points[SIDE_IN] = make_access_point(portal=SIDE)
    return papers
