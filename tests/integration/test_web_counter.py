"""The counter: a household in one visit, fobs by the own tap, move-out with a receipt, batches."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.ingest.core import IngestCore
from controller.services.register import active_rows
from controller.storage.models import CredentialRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office, open_office

SOUTH = Recorder(access_point="south-in")
MINUTE = 60_000


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(office: Office) -> httpx.Client:
    return office.client(Role.MANAGER)


def family() -> dict[str, str]:
    return {
        "dwelling": "9-1-901",
        "name-0": "沈文",
        "relation-0": "owner",
        "login-0": "1",
        "name-1": "沈小雨",
        "relation-1": "occupant",
        "adult-1": "2034-05-01",
    }


def carried(office: Office, name: str) -> tuple[bytes, list[str]]:
    with UnitOfWork(office.engine, writes=False) as uow:
        holder = uow.session.scalars(select(HolderRow.id).where(HolderRow.name == name)).one()
        return holder, [row.carrier for row in active_rows(uow, holder, office.clock())]


def tap(office: Office, seq: int, value: int) -> None:
    """Tap an unknown fob at the south gate."""
    core = IngestCore(office.engine, office.site)
    if seq == 0:
        core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000)], office.clock())
    said = Said(
        kind=EventKind.DECISION,
        method=Method.FOB,
        outcome=Outcome.DENIED,
        reason=ReasonCode.UNKNOWN_CREDENTIAL,
        at_s=office.clock().utc_s,
        person=Personal(note=f"32:{value:x}"),
    )
    core.take([SOUTH.batch(seq, said)], office.clock())


def test_a_household_moves_in_with_papers_that_work_at_once(
    office: Office, desk: httpx.Client
) -> None:
    changes = office.wire.changes
    got = desk.post("/desk/move-in", data=family())
    assert got.status_code == 200
    assert office.wire.changes == changes + 1
    assert got.text.count('class="sheet-code"') == 3, "two papers and one login slip"
    assert carried(office, "沈文")[1] == [Carrier.PAPER.value]
    assert carried(office, "沈小雨")[1] == [Carrier.PAPER.value]
    slip = re.findall(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", got.text)
    assert slip
    assert office.client().get(f"/first/{slip[0]}").status_code == 200


@pytest.mark.parametrize("wrong", [{"dwelling": " "}, {"name-0": ""}, {"adult-1": "tomorrow"}])
def test_a_form_that_cannot_be_used_registers_nobody(
    office: Office, desk: httpx.Client, wrong: dict[str, str]
) -> None:
    form = family() | wrong
    if "name-0" in wrong:
        form.pop("name-1")
    got = desk.post("/desk/move-in", data=form)
    assert got.status_code == 422
    with UnitOfWork(office.engine, writes=False) as uow:
        assert not uow.session.scalars(select(HolderRow.id).where(HolderRow.name == "沈小雨")).all()


def test_a_fob_is_given_by_the_own_tap_and_by_one_only(office: Office, desk: httpx.Client) -> None:
    desk.post("/desk/move-in", data=family())
    who = id_to_text(carried(office, "沈文")[0])
    assert f"/desk/stamp/{who}" in desk.get(f"/manager/people/{who}").text
    waiting = desk.get(f"/desk/stamp/{who}?place=south-in")
    path = waiting.headers["location"]
    since = re.search(r"since=(\d+)", path)
    assert since is not None
    form = {"place": "south-in", "since": since.group(1)}
    assert desk.post(f"/desk/stamp/{who}", data=form).status_code == 422
    tap(office, 0, 0x1234ABCD)
    assert "末四位" in desk.get(path).text
    assert desk.post(f"/desk/stamp/{who}", data=form).status_code == 303
    assert Carrier.FOB.value in carried(office, "沈文")[1]
    with UnitOfWork(office.engine, writes=False) as uow:
        fob = uow.session.scalars(
            select(CredentialRow).where(CredentialRow.card_value == "1234abcd")
        ).one()
        assert fob.card_length == 32
    # Two unknown fobs are ambiguous, and an old tap counts no more.
    office.clock.move(3 * MINUTE)
    fresh = {"place": "south-in", "since": str(office.clock().utc_ms)}
    tap(office, 1, 0x51)
    tap(office, 2, 0x52)
    assert desk.post(f"/desk/stamp/{who}", data=fresh).status_code == 422
    office.clock.move(3 * MINUTE)
    assert desk.post(f"/desk/stamp/{who}", data=fresh | {"since": "0"}).status_code == 422


def test_moving_out_ends_everything_and_prints_a_receipt(
    office: Office, desk: httpx.Client
) -> None:
    person = office.seed.person("leaver")
    listed = desk.get("/desk/move-out", params={"dwelling": person.dwelling}).text
    assert person.name in listed
    form = {"dwelling": person.dwelling, "who": id_to_text(person.holder)}
    got = desk.post("/desk/move-out", data=form)
    assert got.status_code == 303
    receipt = desk.get(got.headers["location"]).text
    assert "门禁卡已停用" in receipt
    assert "手机码已停用" in receipt
    assert "没有人脸数据" in receipt
    with UnitOfWork(office.engine, writes=False) as uow:
        assert active_rows(uow, person.holder, office.clock()) == ()
    staying = office.seed.person("lost")
    assert desk.get("/desk/receipts", params={"who": id_to_text(staying.holder)}).status_code == 404
    again = desk.post("/desk/move-out", data=form)
    assert again.status_code == 422


def test_batches_print_for_a_building_and_never_twice(office: Office, desk: httpx.Client) -> None:
    first = desk.post("/desk/batches", data={"what": "papers", "building": "2-1"})
    assert first.status_code == 200
    assert first.text.count('class="sheet-code"') > 3
    second = desk.post("/desk/batches", data={"what": "papers", "building": "2-1"})
    assert "没有需要打印的" in second.text
    for wrong in ({"what": "papers", "building": ""}, {"what": "odd", "building": "1"}):
        assert desk.post("/desk/batches", data=wrong).status_code == 422
    assert "没有需要打印的" in desk.post("/desk/batches", data={"what": "due"}).text


def test_sheets_are_four_equal_ways_and_forms_need_nobodys_data(desk: httpx.Client) -> None:
    sign = desk.get("/desk/sheets/sign/south-in").text
    tiles = sign[sign.index("sign-tiles") :]
    assert tiles.index("二维码") < tiles.index("门禁卡") < tiles.index("保安")
    assert "刷脸" not in sign
    for form in ("consent", "withdraw", "complaint", "pass", "copy"):
        assert desk.get(f"/desk/sheets/forms/{form}?paper=80").status_code == 200
    assert desk.get("/desk/sheets/forms/secret").status_code == 404
    assert "交检查人员" in desk.get("/desk/sheets/forms/complaint").text


def test_the_counter_is_not_for_guards_or_inspectors(office: Office) -> None:
    for role in (Role.GUARD, Role.INSPECTOR, None):
        got = office.client(role).get("/desk/move-out?dwelling=1-1-101")
        assert got.status_code == (401 if role is None else 403)
        assert office.seed.person("owner").name not in got.text
