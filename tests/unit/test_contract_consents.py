"""What the `leases` document says, and what of it is refused."""

import pytest

from mqtt.contract import codec
from mqtt.contract.consents import Consents, read_consents, take_id
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.findings import PolicyError
from mqtt.contract.ids import id_to_text
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import (
    ErasureRequestRecord,
    FaceSwitchRecord,
    NoticeRecord,
    ReservationRecord,
)
from mqtt.contract.topics import DocumentName

WHO = b"holder-1"
NAME = id_to_text(WHO)
LEASE = LeaseRecord(b"credent1", 1_000, 5_000)
WISH = ReservationRecord("v1", bytes(32), 9_000, ("north-in",))
ERASE = ErasureRequestRecord(bytes(16), 4_000, ReasonCode.CONSENT_WITHDRAWN)
OFF = FaceSwitchRecord(False, ReasonCode.FACE_SWITCHED_OFF, 4_000)
ON = FaceSwitchRecord(True, ReasonCode.FACE_RESUMED, 5_000)
NOTICE = NoticeRecord(bytes(32), "您可以自愿选择刷脸。", "Using your face is up to you.")
RECORDS = {
    f"lease:{NAME}": codec.encode(LEASE),
    f"reserved:{NAME}": codec.encode(WISH),
    f"erase:{NAME}": codec.encode(ERASE),
    "switch:north-in": codec.encode(OFF),
    "notice:v1": codec.encode(NOTICE),
}


def test_every_record_is_found_under_its_own_heading() -> None:
    check_document(DocumentName.LEASES, Held(1, b"", RECORDS))
    assert read_consents(RECORDS) == Consents(
        {WHO: LEASE}, {WHO: WISH}, {WHO: ERASE}, {"north-in": OFF}, {"v1": NOTICE}
    )
    assert read_consents({}) == Consents()


def test_any_of_three_switches_keeps_face_off() -> None:
    for name in ("north-in", "gate", "compound"):
        consents = Consents(switches={"north-in": ON, "gate": ON, "compound": ON, name: OFF})
        assert consents.switched_off("north-in") is OFF
    assert Consents(switches={"south-in": OFF, "gate": ON}).switched_off("north-in") is None


def test_those_with_a_lease_or_a_reservation_may_have_references() -> None:
    assert Consents({WHO: LEASE}, {b"holder-2": WISH}).people() == {WHO, b"holder-2"}
    assert Consents(erasures={WHO: ERASE}).people() == frozenset()


@pytest.mark.parametrize(
    "key", ["lease:", "lease:x", NAME, f"other:{NAME}", "switch:", "switch:A", "notice:v 1", ""]
)
def test_an_id_that_is_not_known_is_refused(key: str) -> None:
    with pytest.raises(ContractError):
        take_id(key)
    with pytest.raises(PolicyError):
        check_document(DocumentName.LEASES, Held(1, b"", {key: codec.encode(LEASE)}))


def test_a_record_under_a_wrong_heading_is_refused() -> None:
    for key in RECORDS:
        wrong = {key: codec.encode(OFF if key.startswith(("lease", "notice")) else LEASE)}
        with pytest.raises(PolicyError):
            check_document(DocumentName.LEASES, Held(1, b"", wrong))
        with pytest.raises(ContractError):
            read_consents(wrong)


def test_hashes_and_request_ids_have_one_length() -> None:
    for short in (WISH.notice_hash[:-1], b""):
        body = codec.encode_plain(
            {"notice_version": "v1", "notice_hash": short, "until_ms": 1, "access_points": []}
        )
        with pytest.raises(ContractError):
            codec.decode(body, ReservationRecord)
