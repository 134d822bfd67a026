"""No face data ever changes what any other way in does (promise 1; rules NS-04, NS-07, EQ-06).

The same non-face inputs are played twice: at a gate that has never heard of faces, and at one with
face fitted, consent leases, face credentials, and face inputs in between. Every effect of every
non-face input is the same: decisions, reasons, times, records, what is shown, when it wakes.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.effects import (
    Effect,
    FaceWakeAt,
    Indicate,
    Record,
    Remember,
    Signal,
    TellFace,
    WakeAt,
)
from edge.domain.inputs import Attempted, Input
from edge.domain.knowledge import Knowledge
from edge.domain.model import AccessAttempt, Moment, PassClaim
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, LeaseRecord
from mqtt.contract.records_face import NoticeRecord, ReservationRecord
from mqtt.contract.topics import DocumentName
from tests.support.gate_factories import (
    FACE_SETTINGS,
    FOB,
    FOREVER,
    IN,
    NOON,
    Papers,
    credential_id,
    make_credential,
    make_pass,
    person,
)
from tests.support.gate_inputs import FACE_ITEMS, SEQUENCES, Later, crowded_papers
from tests.support.gate_run import GateRun

PEOPLE = st.dictionaries(
    st.integers(1, 3), st.integers(NOON - 86_400_000, NOON + 86_400_000), max_size=3
)
INTERLEAVED = st.lists(st.tuples(st.integers(0, 30), FACE_ITEMS), max_size=10)


def with_face(papers: Papers, leases: dict[int, int]) -> Knowledge:
    """Return what a gate knows with face fitted everywhere and leases for some people."""
    for name, record in papers.access_points.items():
        papers.access_points[name] = fitted(record)
        papers.face[name] = FACE_SETTINGS
    for number in leases:
        papers.credentials[credential_id(500 + number)] = make_credential(Method.FACE, number)
    papers.consents = {
        "notice:v1": NoticeRecord(bytes(32), "自愿", "It is up to you"),
        f"reserved:{id_to_text(person(1))}": ReservationRecord("v1", bytes(32), FOREVER, (IN,)),
    }
    papers.consents |= {
        f"lease:{id_to_text(person(number))}": LeaseRecord(FOB, until - 86_400_000, until)
        for number, until in leases.items()
    }
    return papers.knowledge()


def fitted(record: AccessPointRecord) -> AccessPointRecord:
    return msgspec.structs.replace(record, methods=(*record.methods, Method.FACE))


def story(
    gate: GateRun, sequence: Sequence[Later], between: Sequence[tuple[int, Input]] = ()
) -> list[Effect]:
    """Play a sequence with face inputs in between, and return the effects of the sequence alone."""
    told: list[Effect] = []
    gate.on_duty()
    for number, later in enumerate(sequence):
        item = later.at(gate)
        mark = len(gate.all_effects)
        gate.send(item)
        mine = (effect for effect in gate.all_effects[mark:] if not is_of_face(effect))
        told += [numberless(effect) for effect in mine]
        for place, face in between:
            if place == number:
                gate.send(replace(face, at=gate.at))
    return told


def is_of_face(effect: Effect) -> bool:
    """Tell whether an effect is about face alone: it may come with any Tick."""
    match effect:
        case TellFace() | FaceWakeAt():
            return True
        case Record(method=method):
            return method is Method.FACE
        case Remember(kind=kind):
            return kind.value.startswith("face_")
        case Indicate(signal=signal, reason=reason):
            told = signal in {Signal.ASKING, Signal.LOOK, Signal.DONE}
            return told or reason is ReasonCode.CREDENTIAL_FIRST
        case _:
            return False


def numberless(effect: Effect) -> Effect:
    """Leave out the number of a cause: records of face attempts are counted in between."""
    if isinstance(effect, Record) and effect.cause_seq >= 0:
        return replace(effect, cause_seq=0)
    return effect


def gate_with_face(leases: dict[int, int]) -> GateRun:
    gate = GateRun(crowded_papers())
    gate.knowledge = with_face(crowded_papers(), leases)
    return gate


@given(SEQUENCES, PEOPLE, INTERLEAVED)
def test_no_face_data_changes_a_non_face_outcome(
    sequence: list[Later], leases: dict[int, int], between: list[tuple[int, Input]]
) -> None:
    plain = story(GateRun(crowded_papers()), sequence)
    assert story(gate_with_face(leases), sequence, between) == plain


@given(SEQUENCES, PEOPLE)
def test_erasing_all_face_data_in_the_middle_changes_nothing(
    sequence: list[Later], leases: dict[int, int]
) -> None:
    half = len(sequence) // 2
    plain = GateRun(crowded_papers())
    expected = story(plain, sequence[:half]) + story(plain, sequence[half:])
    gate = gate_with_face(leases)
    told = story(gate, sequence[:half])
    gate.knowledge = crowded_papers().knowledge()
    assert told + story(gate, sequence[half:]) == expected


@given(SEQUENCES, PEOPLE, PEOPLE)
def test_adding_or_withdrawing_consent_never_takes_access_away(
    sequence: list[Later], before: dict[int, int], after: dict[int, int]
) -> None:
    half = len(sequence) // 2
    changing, steady = gate_with_face(before), gate_with_face(before)
    told = story(changing, sequence[:half])
    changing.knowledge = with_face(crowded_papers(), after)
    told += story(changing, sequence[half:])
    assert told == story(steady, sequence[:half]) + story(steady, sequence[half:])


def test_a_planted_bias_is_found() -> None:
    """The comparison would see a gate that lets people with a lease wait for their QR pass."""

    class Biased(GateRun):
        def send(self, item: Input) -> tuple[Effect, ...]:
            qr = isinstance(item, Attempted) and item.attempt.method is Method.QR
            if qr and DocumentName.LEASES in self.knowledge.versions:
                self.all_effects.append(WakeAt(self.at.mono_ms + 1))
                return ()
            return super().send(item)

    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), 0, AdapterKind.REAL)
    sequence = [Later(Attempted(Moment(0, 0), attempt), 0, Moment(0, 0).trust)]
    biased = Biased(crowded_papers())
    biased.knowledge = with_face(crowded_papers(), {1: NOON})
    assert story(biased, sequence) != story(GateRun(crowded_papers()), sequence)


def test_the_sequences_do_open_doors() -> None:
    """The comparison is not empty: a plain sequence with a real pass grants at both gates."""
    attempt = AccessAttempt(IN, Method.QR, PassClaim(make_pass()), 0, AdapterKind.REAL)
    sequence = [Later(Attempted(Moment(0, 0), attempt), 0, Moment(0, 0).trust)]
    for gate in (GateRun(crowded_papers()), gate_with_face({1: NOON})):
        story(gate, sequence)
        assert gate.unlocks()
