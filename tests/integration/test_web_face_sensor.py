"""An inspector sees from signed heartbeats what the face sensor does between attempts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from controller.storage.models import AccessPointRow, GatePresenceRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records import Role
from tests.support.web_app import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def heard(office: Office, gate: str, face: dict[str, int] | None) -> None:
    row = GatePresenceRow(
        gate=gate, boot_id=b"b" * 16, boot_counter=1, mono_ms=1, heard_at_ms=office.clock().utc_ms,
        heard_mono_ms=1, online=True, clock_level=0, epoch=7, size=0, root=b"",
        adapter_kind="real", reads={}, documents={}, doors={}, methods={"face": "ready"},
        face=face, face_state="ready",
    )  # fmt: skip
    with UnitOfWork(office.engine) as uow:
        uow.session.merge(row)
        uow.commit()


@pytest.mark.parametrize(
    ("face", "said"),
    [
        ({"presses": 0, "valve": 1}, "物业的选择"),
        ({"presses": 0, "valve": 0}, "人脸传感器在按下按钮之前是关闭的"),
        (None, ""),
    ],
)
def test_the_sensor_between_attempts_is_on_the_page(
    office: Office, face: dict[str, int] | None, said: str
) -> None:
    with UnitOfWork(office.engine) as uow:
        uow.session.execute(update(AccessPointRow).values(methods=("qr", "fob", "face")))
        gates = list(uow.session.scalars(select(PortalRow.gate).distinct()))
        uow.commit()
    for gate in gates:
        heard(office, gate, face)
    client = office.client(Role.INSPECTOR)
    page = client.get("/inspector/gates")
    assert page.status_code == 200
    assert said in page.text
    assert ("传感器" in page.text) is bool(said)
