"""A district's file admits an inspector past any manager: once, here, and while it lasts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.roles import Actor
from controller.services.inspection.admission import admit_inspector, set_district_key
from controller.services.logbook.control import first_break
from controller.storage.models import StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.admission import Admission, seal_admission
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import EqualGateError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.web_app import Office, open_office

DISTRICT = Ed25519Signer.from_seed(b"d" * 32)
PASSWORD = "correct horse battery"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def file(signer: Ed25519Signer = DISTRICT, site: str = "tongxing") -> bytes:
    until_ms = NOW.utc_ms + 30 * 86_400_000
    return seal_admission(
        Admission(site, "li-district", "李检查", NOW.utc_ms, until_ms, b"n" * 16), signer
    )


def test_an_inspector_opens_the_account_by_himself_and_looks(office: Office) -> None:
    installer = office.client(Role.INSTALLER)
    assert installer.post("/district", data={"key": DISTRICT.public_key.hex()}).status_code == 303
    nobody = office.client()
    given = {"file": ("inspector.bin", file())}
    got = nobody.post("/inspector-file", files=given, data={"password": PASSWORD})
    assert got.status_code == 303
    body = {"login": "li-district", "password": PASSWORD}
    assert nobody.post("/api/v1/session", json=body).status_code == 201
    assert nobody.get("/inspector").status_code == 200
    again = office.client().post("/inspector-file", files=given, data={"password": PASSWORD})
    assert again.status_code == 403
    with UnitOfWork(office.engine) as uow:
        assert first_break(uow) is None


def test_other_files_admit_nobody(office: Office) -> None:
    stranger = Ed25519Signer.from_seed(b"x" * 32)
    with UnitOfWork(office.engine) as uow:
        with pytest.raises(EqualGateError) as caught:
            admit_inspector(uow, office.site, file(), PASSWORD, NOW)
        assert caught.value.code is ReasonCode.UNKNOWN_KEY  # no district yet
        actor = office.seed.with_role(Role.MANAGER)
        set_district_key(uow, Actor(actor.id, Role.MANAGER), DISTRICT.public_key, NOW)
        for bad in (file(stranger), file(site="elsewhere"), file()[:-1], b""):
            with pytest.raises(EqualGateError):
                admit_inspector(uow, office.site, bad, PASSWORD, NOW)
        with pytest.raises(EqualGateError):
            admit_inspector(uow, office.site, file(), "short", NOW)
        staff = admit_inspector(uow, office.site, file(), PASSWORD, NOW)
        assert uow.need(StaffRow, staff).role == "inspector"
