"""What the lodge prints and carries: a slip after a lost fob, a visitor's slip, endings, a card."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from controller.domain.credentials import Carrier
from controller.services.lodge.ringing import answer_ring
from controller.services.register import active_rows
from controller.storage.models import HolderRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.commands import Operation
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import Role
from tests.support.lodge import call_at_the_gate, gate_lives, guard, orders, resident
from tests.support.web_app import Office, open_office

HOUR = 3_600_000


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def carriers(office: Office, name: str) -> dict[str, int]:
    """Return what somebody carries now, each with its end."""
    with UnitOfWork(office.engine, writes=False) as uow:
        rows = active_rows(uow, office.seed.person(name).holder, office.clock())
        return {row.carrier: row.valid_until_ms for row in rows}


def test_a_lost_fob_at_midnight_is_blocked_and_a_72_h_slip_works_at_once(
    office: Office,
) -> None:
    person = office.seed.person("father")
    tablet, changes = guard(office), office.wire.changes
    form = {"dwelling": person.dwelling, "name": person.name}
    got = tablet.post("/guard/lost", data=form)
    assert got.status_code == 303
    held = carriers(office, "father")
    assert Carrier.FOB.value not in held
    assert held[Carrier.SLIP.value] == office.clock().utc_ms + 72 * HOUR
    assert office.wire.changes == changes + 1, "gates hear of it at once"
    sheet = tablet.get(got.headers["location"])
    assert "<svg" in sheet.text
    assert person.name not in sheet.text
    assert tablet.get(got.headers["location"] + "?paper=80").text.count("print80.css") == 1
    # Only who printed it sees it, and for ten minutes.
    assert guard(office, 1).get(got.headers["location"]).status_code == 404
    office.clock.move(11 * 60_000)
    assert tablet.get(got.headers["location"]).status_code == 404


@pytest.mark.parametrize(("dwelling", "name"), [("1-1-101", "不存在"), ("9-9-999", ""), ("", "")])
def test_the_lodge_looks_nobody_up(office: Office, dwelling: str, name: str) -> None:
    got = guard(office).post("/guard/lost", data={"dwelling": dwelling, "name": name})
    assert got.status_code == 422
    for person in office.seed.people:
        assert person.name not in got.text


def test_a_visitor_gets_a_slip_without_photo_or_telephone(office: Office) -> None:
    tablet = guard(office)
    form = {"name": "李女士", "dwelling": "1-1-101", "gate": "gate-south", "hours": "2"}
    got = tablet.post("/guard/visitor", data=form)
    assert got.status_code == 303
    sheet = tablet.get(got.headers["location"]).text
    assert "访客条" in sheet
    assert "李女士" not in sheet
    for wrong in ({"hours": "99"}, {"gate": "nowhere"}, {"dwelling": "9-9-999"}, {"name": " "}):
        assert tablet.post("/guard/visitor", data=form | wrong).status_code == 422


def test_no_other_pass_can_be_printed_through_the_lodge(office: Office) -> None:
    paper = office.seed.person("elder").paper
    assert paper is not None
    got = guard(office).get(f"/guard/slips/{id_to_text(paper.credential)}")
    assert got.status_code == 404


def test_endings_are_carried_and_the_card_names_what_works(office: Office) -> None:
    gate_lives(office)
    tablet = guard(office)
    assert "<svg" in tablet.get("/guard/gates/gate-south/carry").text
    card = tablet.get("/guard/gates/gate-south/card").text
    assert "请按呼叫键" in card
    assert "人脸" not in card
    assert tablet.get("/guard/gates/nowhere/card").status_code == 404


def test_I13_a_visitor_who_only_knows_the_flat_is_let_in_by_the_resident(office: Office) -> None:
    core = gate_lives(office)
    call_at_the_gate(office, core)
    tablet, phone = guard(office), resident(office, "owner")
    flat = office.seed.person("owner").dwelling
    assert tablet.post("/guard/calls/1/flat", data={"dwelling": "9-9-999"}).status_code == 422
    assert tablet.post("/guard/calls/1/flat", data={"dwelling": flat}).status_code == 303
    assert "正在响铃" in tablet.get("/guard").text
    # Another flat sees nothing and cannot answer.
    stranger = resident(office, "tenant")
    assert "有访客找您家" not in stranger.get("/me/calls").text
    assert stranger.post("/me/calls/1", data={"opens": "yes"}).status_code == 404
    child = resident(office, "child")
    assert child.post("/me/calls/1", data={"opens": "yes"}).status_code == 404
    assert "有访客找您家" in phone.get("/me/calls").text
    assert phone.post("/me/calls/1", data={"opens": "yes"}).status_code == 303
    order = orders(office)[-1]
    assert (order.op, order.access_point) == (Operation.OPEN, "south-in")
    assert order.actor == office.seed.with_role(Role.GUARD).id, "the guard stands for it"
    assert order.reason == f"住户同意 {flat}"
    assert phone.post("/me/calls/1", data={"opens": "yes"}).status_code == 409
    assert "住户已开门" in tablet.get("/guard").text


def test_I13_a_no_opens_nothing_and_a_ring_ends_after_two_minutes(office: Office) -> None:
    core = gate_lives(office)
    call_at_the_gate(office, core)
    tablet, phone = guard(office), resident(office, "owner")
    flat = office.seed.person("owner").dwelling
    tablet.post("/guard/calls/1/flat", data={"dwelling": flat})
    phone.post("/me/calls/1", data={"opens": "no"})
    assert orders(office) == []
    assert "住户不开" in tablet.get("/guard").text
    tablet.post("/guard/calls/1/flat", data={"dwelling": flat})
    office.clock.move(121_000)
    assert phone.post("/me/calls/2", data={"opens": "yes"}).status_code == 409
    assert orders(office) == []


def test_I13_a_plain_telephone_rings_and_its_key_opens(office: Office) -> None:
    owner, line = office.seed.person("owner"), office.telephone
    with UnitOfWork(office.engine) as uow:
        number = update(HolderRow).where(HolderRow.id == owner.holder).values(phone="057188880000")
        uow.session.execute(number)
        uow.commit()
    call_at_the_gate(office, gate_lives(office))
    guard(office).post("/guard/calls/1/flat", data={"dwelling": owner.dwelling})
    assert [(ring, number) for ring, number, _ in line.dialled] == [(1, "057188880000")]
    assert "按 5" in line.dialled[0][2]
    with UnitOfWork(office.engine) as uow:
        publication = answer_ring(uow, office.site, 1, opens=True, moment=office.clock())
        uow.commit()
    assert publication is not None
    assert publication.topic.endswith("/dn/cmd")
