"""Stopping works: at the gate in 3 s, on request, by itself; with a receipt in the log."""

import pytest

from edge.domain.effects import Signal, TellFace
from edge.domain.face_orders import ArmFace, RevokeFace
from mqtt.contract.events import EventKind, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import ReservationRecord
from tests.support.face_gate import HASH, WHO, FaceRun, face_papers, key
from tests.support.gate_factories import FOB, HOUR, IN, NOON, person


def receipts(gate: FaceRun) -> list[str]:
    found = [r for r in gate.records if r.kind is EventKind.ERASURE]
    for record in found:
        assert (record.method, record.reason) == (Method.FACE, ReasonCode.FACE_ERASED)
        assert record.personal is not None
        assert record.personal.holder == WHO
    return [record.personal.note for record in found if record.personal is not None]


def opted_out() -> FaceRun:
    gate = FaceRun()
    gate.stored(WHO)
    gate.fob()
    gate.wait(5_000)
    gate.button(3_100)
    return gate


def test_own_fob_then_the_button_for_3_s_erases_here_and_at_once() -> None:
    gate = opted_out()
    assert gate.revoked() == [WHO]
    assert gate.told(EventKind.CONSENT) == [ReasonCode.CONSENT_WITHDRAWN]
    assert ("face_withdrawn", WHO) in gate.memory
    gate.erased()
    assert receipts(gate) == ["at_gate"]
    assert gate.shown() == [(Signal.DONE, ReasonCode.FACE_ERASED)]
    gate.wait(1)
    assert gate.enter() is ReasonCode.CONSENT_WITHDRAWN
    assert gate.fob() is ReasonCode.GRANTED


def test_it_happens_while_the_button_is_still_down() -> None:
    gate = FaceRun()
    gate.stored(WHO)
    gate.fob()
    gate.button(2_999)
    assert gate.revoked() == []
    gate.fob()
    gate.button(3_000)
    assert gate.revoked() == [WHO]


@pytest.mark.parametrize("wait_ms", [15_001, 60_000])
def test_without_an_own_fob_or_pass_in_the_15_s_before_nothing_is_erased(wait_ms: int) -> None:
    gate = FaceRun()
    gate.stored(WHO)
    gate.button(4_000)
    gate.fob()
    gate.wait(wait_ms)
    gate.button(4_000)
    assert gate.revoked() == []
    assert gate.told(EventKind.CONSENT) == []
    assert gate.enter() is ReasonCode.GRANTED


def test_nothing_is_armed_while_somebody_erases() -> None:
    gate = opted_out()
    before = [order for order in gate.orders() if isinstance(order, ArmFace)]
    gate.press()
    assert (Signal.DENIED, ReasonCode.ERASING) in gate.shown()
    assert [order for order in gate.orders() if isinstance(order, ArmFace)] == before
    gate.run(10_000)
    gate.press()
    assert gate.arms() == len(before) + 1, "a worker that does not answer holds nobody up for long"


def test_who_has_nothing_here_is_told_so() -> None:
    gate = FaceRun(face_papers(lease=False))
    gate.fob()
    gate.button(3_100)
    assert gate.told(EventKind.CONSENT) == []
    assert gate.revoked() == []


def test_an_erasure_without_a_worker_is_done_when_it_comes() -> None:
    gate = FaceRun(worker=False)
    gate.worker(here=False, reason=ReasonCode.WORKER_LOST)
    gate.fob()
    gate.button(3_100)
    assert gate.told(EventKind.CONSENT) == [ReasonCode.CONSENT_WITHDRAWN]
    gate.restart()
    gate.worker()
    gate.stored(WHO)
    assert gate.revoked() == [WHO]
    assert gate.allowed() == {}
    gate.erased()
    assert receipts(gate) == ["at_gate"]


def test_a_withdrawal_survives_a_crash_and_every_document_until_the_person_consents_again() -> None:
    gate = opted_out()
    gate.restart()
    gate.worker()
    gate.stored(WHO)
    assert gate.revoked()[-1] == WHO
    gate.erased()
    lease = LeaseRecord(FOB, gate.at.utc_ms, gate.at.utc_ms + HOUR)
    gate.papers.consents[key("lease")] = lease
    gate.papers.consents[key("reserved")] = ReservationRecord("v1", HASH, NOON + 20 * HOUR, (IN,))
    gate.learn()
    for method in (Method.QR, Method.FOB):
        gate.way(method, "ready")
    gate.wait(1)
    assert gate.allowed() == {}
    assert gate.enter() is ReasonCode.CONSENT_WITHDRAWN
    gate.enrol()
    assert ("face_withdrawn", WHO) not in gate.memory
    assert gate.enter() is ReasonCode.GRANTED


def test_a_request_of_the_controller_gets_one_receipt_with_its_id() -> None:
    gate = FaceRun()
    gate.stored(WHO)
    id_ = gate.request()
    assert gate.revoked() == [WHO]
    gate.erased()
    gate.erased(0)
    gate.run(300_000)
    assert receipts(gate) == [id_.hex()]
    assert gate.revoked() == [WHO]
    gate.restart()
    gate.worker()
    gate.run(300_000)
    assert receipts(gate) == [id_.hex()], "the receipt is in the log; nothing is asked again"


def test_a_request_is_answered_also_where_nothing_was_held() -> None:
    gate = FaceRun(face_papers(lease=False))
    id_ = gate.request()
    gate.erased(0)
    assert receipts(gate) == [id_.hex()]


def test_a_crash_before_the_receipt_asks_the_worker_again() -> None:
    gate = FaceRun()
    gate.stored(WHO)
    id_ = gate.request(7)
    gate.restart()
    gate.worker()
    assert gate.revoked() == [WHO, WHO]
    gate.erased(0)
    assert receipts(gate) == [id_.hex()]


def test_whoever_left_the_document_is_erased_and_those_who_stay_are_not() -> None:
    gate = FaceRun()
    gate.stored(WHO, person(2))
    assert gate.revoked() == [person(2)]
    gate.papers.consents.pop(key("lease"))
    gate.learn()
    assert gate.revoked() == [person(2), WHO]
    gate.erased()
    assert receipts(gate) == ["ended"]


def test_without_the_document_nobody_is_allowed_and_nothing_is_erased() -> None:
    gate = FaceRun()
    gate.stored(WHO)
    gate.papers.consents = {}
    gate.learn()
    assert gate.allowed() == {}
    assert gate.revoked() == []


def test_the_receipt_names_nobody_in_public() -> None:
    gate = opted_out()
    gate.erased()
    for record in gate.records:
        public = f"{record.access_point} {record.reason} {record.kind}"
        assert id_to_text(WHO) not in public


def test_revoking_waits_for_no_disk() -> None:
    gate = opted_out()
    tells = [effect for effect in gate.all_effects if isinstance(effect, TellFace)]
    assert [tell.wait_for_disk for tell in tells if tell.order == RevokeFace(WHO)] == [False]
