"""Numbers for a monitor, what keeping shows, and lists that are held in memory only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.moment import HOUR_MS
from controller.services.read_back import HOLD_KEY
from controller.storage.models import SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.office.pending import PendingFiles
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW, later
from tests.support.web_app import Office, open_office

LIST = "卡号\n" + "".join(f"{number:010}\n" for number in range(20_000))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def test_a_monitor_reads_numbers_and_no_person(office: Office) -> None:
    text = office.client().get("/metrics").text
    assert 'equalgate_gate_online{gate="gate-south"}' in text
    assert "equalgate_alarms_open 0.0" in text
    for person in office.seed.people:
        assert person.name not in text
        assert person.holder.hex() not in text


def test_keeping_shows_what_a_restore_waits_for_and_lets_go_with_a_reason(office: Office) -> None:
    with UnitOfWork(office.engine) as uow:
        uow.session.add(SiteValueRow(name=HOLD_KEY, value=b"*"))
        uow.commit()
    client = office.client(Role.MANAGER)
    assert "等待报告" in client.get("/manager/keeping").text
    path = "/manager/keeping/gates/gate-south/let-go"
    assert client.post(path, data={"reason": " "}).status_code == 422
    assert client.post(path, data={"reason": "设备已报废"}).status_code == 303
    assert "gate-south" not in client.get("/manager/keeping").text
    assert "equalgate_restore_waiting_gates 1.0" in office.client().get("/metrics").text


def test_a_list_of_20_000_fobs_is_looked_at_and_nothing_is_saved(office: Office) -> None:
    client = office.client(Role.MANAGER)
    before = (office.engine.url.database or "", Path(office.engine.url.database or "").stat())
    files = {"list": ("fobs.csv", LIST.encode(), "text/csv")}
    got = client.post("/manager/moving/fobs", data={"level": "residents"}, files=files)
    assert got.status_code == 200
    assert "20000" in got.text
    assert Path(before[0]).stat().st_size == before[1].st_size
    photos = {"list": ("fobs.csv", "卡号,照片\n1,a.jpg\n".encode(), "text/csv")}
    got = client.post("/manager/moving/fobs", data={"level": "residents"}, files=photos)
    assert "整份拒收" in got.text


def test_a_pending_file_is_its_owners_for_an_hour() -> None:
    files = PendingFiles()
    word = files.keep(b"manager1", b"list", NOW)
    assert files.take(b"manager1", word, NOW) == b"list"
    for owner, at in ((b"manager2", NOW), (b"manager1", later(HOUR_MS))):
        with pytest.raises(RefusedError) as caught:
            files.take(owner, word, at)
        assert caught.value.code is ReasonCode.EXPIRED
    for _ in range(8):
        files.keep(b"manager1", b"other", NOW)
    with pytest.raises(RefusedError):
        files.take(b"manager1", word, NOW)
