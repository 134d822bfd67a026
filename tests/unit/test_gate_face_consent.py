"""Consent at the gate, in person: asked once, yes as small as no, recorded before the camera."""

from msgspec.structs import replace

from edge.domain.card_formats import CardBits
from edge.domain.effects import Record, Signal, TellFace
from edge.domain.face_inputs import FaceEnrolEnded, FaceEnrolled, FaceEnrolWaits
from edge.domain.face_orders import EnrolFace, RevokeFace, ShowNotice, StopEnrolment
from edge.domain.inputs import CallPressed
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import ReservationRecord
from tests.support.face_gate import HASH, NOTICE, WHO, FaceRun, face_papers, key
from tests.support.gate_factories import (
    DAY,
    FOB,
    HOUR,
    IN,
    NOON,
    SIMULATED,
    make_credential,
    person,
)


def asked() -> FaceRun:
    """Return a gate that has just shown the notice to the holder of the usual fob."""
    gate = FaceRun(face_papers(lease=False, reserved=True))
    gate.fob()
    gate.wait(1)
    return gate


def consents(gate: FaceRun) -> list[ReasonCode]:
    return gate.told(EventKind.CONSENT)


def with_wish(**changes: object) -> FaceRun:
    papers = face_papers(lease=False, reserved=True)
    wish = papers.consents[key("reserved")]
    papers.consents[key("reserved")] = replace(wish, **changes)
    gate = FaceRun(papers)
    gate.fob()
    gate.wait(1)
    return gate


def notices(gate: FaceRun) -> list[ShowNotice]:
    return [order for order in gate.orders() if isinstance(order, ShowNotice)]


def test_the_own_fob_opens_as_ever_and_then_the_notice_is_shown() -> None:
    gate = FaceRun(face_papers(lease=False, reserved=True))
    assert gate.fob() is ReasonCode.GRANTED
    assert notices(gate) == []
    gate.wait(1)
    assert notices(gate) == [ShowNotice(IN, NOTICE.zh, NOTICE.en)]
    assert gate.arms() == 0
    assert consents(gate) == []


def test_a_short_press_is_a_yes_that_is_recorded_before_the_camera_opens() -> None:
    gate = asked()
    gate.press()
    yes = next(e for e in gate.effects if isinstance(e, Record) and e.kind is EventKind.CONSENT)
    assert yes.reason is ReasonCode.CONSENT_GIVEN
    assert yes.personal is not None
    assert (yes.personal.holder, yes.personal.credential) == (WHO, FOB)
    assert yes.personal.note == f"v1 {HASH.hex()[:16]}"
    tell = next(e for e in gate.effects if isinstance(e, TellFace))
    assert tell == TellFace(EnrolFace(IN, WHO, gate.at.mono_ms + 8_000), wait_for_disk=True)


def test_enrolment_goes_on_with_one_press_every_8_s() -> None:
    gate = asked()
    gate.press()
    gate.press()
    assert gate.arms() == 1, "a press while the camera is open does nothing"
    gate.run(8_000)
    gate.say(FaceEnrolWaits(gate.at, IN, WHO, SIMULATED))
    assert gate.shown() == [(Signal.ASKING, ReasonCode.ENROLMENT_WAITS)]
    assert gate.arms() == 1
    gate.press()
    assert gate.arms() == 2
    gate.say(FaceEnrolled(gate.at, IN, WHO, 3, "ab" * 32, SIMULATED))
    assert consents(gate) == [ReasonCode.CONSENT_GIVEN, ReasonCode.ENROLLED]
    assert (Signal.DONE, ReasonCode.ENROLLED) in gate.shown()


def test_any_key_the_call_button_another_fob_and_silence_are_a_no() -> None:
    other = CardBits(0x99, 24)

    def another(gate: FaceRun) -> None:
        gate.fob(other)
        gate.wait(1)

    def call(gate: FaceRun) -> None:
        gate.send(CallPressed(gate.at, IN, SIMULATED))
        gate.wait(1)

    for say_no in (FaceRun.any_key, call, another, lambda gate: gate.run(30_000)):
        papers = face_papers(lease=False, reserved=True)
        papers.credentials[b"c" * 8] = make_credential(Method.FOB, 2, card=(0x99, 24))
        gate = FaceRun(papers)
        gate.fob()
        gate.wait(1)
        say_no(gate)
        assert consents(gate) == [ReasonCode.CONSENT_DECLINED]
        assert gate.arms() == 0
        assert gate.state.face.dialogues == {}
        assert not [kind for kind, _ in gate.memory if kind.startswith("face_r")]


def test_who_said_no_is_not_asked_again_for_the_same_reservation() -> None:
    gate = asked()
    gate.any_key()
    gate.fob()
    gate.run(1_000)
    assert len(notices(gate)) == 1
    wish = ReservationRecord("v1", HASH, NOON + 2 * DAY, (IN,))
    gate.papers.consents[key("reserved")] = wish
    gate.learn()
    gate.fob()
    gate.wait(1)
    assert len(notices(gate)) == 2


def test_nobody_is_asked_without_a_reservation_that_holds_here_and_now() -> None:
    assert notices(FaceRun(face_papers(lease=False))) == []
    for changes in (
        {"until_ms": NOON},
        {"access_points": ("other-in",)},
        {"notice_version": "v2"},
        {"notice_hash": bytes(32)},
        {"purpose": "attendance"},
        {"guardian_needed": True},
    ):
        assert notices(with_wish(**changes)) == [], changes


def test_j10_a_child_is_asked_once_the_guardian_has_consented() -> None:
    gate = with_wish(guardian_needed=True)
    assert (Signal.DONE, ReasonCode.GUARDIAN_MISSING) in gate.shown()
    assert notices(with_wish(guardian_needed=True, guardian_ok=True))


def test_somebody_elses_press_cannot_be_the_yes_of_the_person_before() -> None:
    papers = face_papers(lease=False, reserved=True)
    papers.credentials[b"c" * 8] = make_credential(Method.FOB, 2, card=(0x99, 24))
    gate = FaceRun(papers)
    gate.fob()
    gate.wait(1)
    gate.fob(CardBits(0x99, 24))
    gate.wait(1)
    gate.press()
    assert ReasonCode.CONSENT_GIVEN not in consents(gate)


def test_giving_up_keeps_nothing() -> None:
    gate = asked()
    gate.press()
    gate.any_key()
    assert StopEnrolment(IN) in gate.orders()
    assert consents(gate) == [ReasonCode.CONSENT_GIVEN, ReasonCode.ENROLMENT_FAILED]
    gate.say(FaceEnrolled(gate.at, IN, WHO, 3, "ab", SIMULATED))
    assert RevokeFace(WHO) in gate.orders(), "what comes late is erased"


def test_a_failed_enrolment_says_why() -> None:
    gate = asked()
    gate.press()
    gate.say(FaceEnrolEnded(gate.at, IN, WHO, "faces_differ", SIMULATED))
    last = gate.records[-1]
    assert last.reason is ReasonCode.ENROLMENT_FAILED
    assert last.personal is not None
    assert last.personal.note == "faces_differ"


def test_references_that_nobody_enrolled_here_are_erased() -> None:
    gate = FaceRun()
    gate.say(FaceEnrolled(gate.at, IN, person(2), 3, "ab", SIMULATED))
    assert RevokeFace(person(2)) in gate.orders()
    assert ReasonCode.ENROLLED not in consents(gate)


def test_face_is_used_once_the_lease_has_come() -> None:
    gate = FaceRun(face_papers(lease=False, reserved=True))
    gate.enrol()
    assert gate.enter() is ReasonCode.NO_LEASE
    gate.papers.consents[key("lease")] = LeaseRecord(FOB, NOON, NOON + HOUR)
    del gate.papers.consents[key("reserved")]
    gate.learn()
    assert gate.enter() is ReasonCode.GRANTED
    assert gate.revoked() == []


def test_a_wish_that_ends_in_the_middle_ends_the_talk() -> None:
    gate = asked()
    del gate.papers.consents[key("reserved")]
    gate.learn()
    gate.press()
    assert ReasonCode.CONSENT_GIVEN not in consents(gate)
    assert gate.arms() == 0
