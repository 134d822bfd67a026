"""Cases from the field that residents see on their pages."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controller.domain.moment import DAY_MS
from controller.services.consent import open_wish
from controller.services.credentials import report_lost
from controller.services.holders import residences_of
from controller.services.leaving import move_out
from controller.services.staff import open_holder_session
from controller.storage.models import CredentialRow, EndRequestRow, HolderRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from tests.support.gate_events import Said
from tests.support.residents import Gates, fit_face, manager_of
from tests.support.web_app import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def resident(office: Office, name: str) -> httpx.Client:
    client = office.client()
    with UnitOfWork(office.engine) as uow:
        cookie = open_holder_session(uow, office.seed.person(name).holder, office.clock())
        uow.commit()
    client.cookies.set("equalgate", cookie)
    return client


def test_B06_a_fob_blocked_on_the_page_is_on_the_list_for_gates_at_once(office: Office) -> None:
    fob = office.seed.person("tenant").fob
    got = resident(office, "tenant").post(f"/me/fob/{id_to_text(fob)}/lost")
    assert "/me/papers/" in got.headers["location"]
    assert office.wire.changes == 1  # gates hear of it with the next sync, within a second
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.find(RevocationRow, fob) is not None


def test_B08_a_resident_whose_right_ended_is_out_at_the_next_request(office: Office) -> None:
    client = resident(office, "tenant")
    assert client.get("/me").status_code == 200
    holder = office.seed.person("tenant").holder
    with UnitOfWork(office.engine) as uow:
        home = residences_of(uow, holder)[0].dwelling
        moment = office.clock()
        move_out(uow, office.site, manager_of(office), holder, dwelling=home, moment=moment)
        uow.commit()
    assert client.get("/me").status_code == 401


def test_CR07_an_ending_by_staff_is_told_on_the_first_page(office: Office) -> None:
    client, person = resident(office, "tenant"), office.seed.person("tenant")
    assert "停用了您的一张凭证" not in client.get("/me").text
    now_ms = office.clock().utc_ms
    with UnitOfWork(office.engine) as uow:
        uow.session.add(
            EndRequestRow(
                credential_id=person.fob, holder_id=person.holder, reason="misuse",
                note="多次借给推销人员", order_reference="", with_replacement=True,
                asked_by=b"manager1", asked_at_ms=now_ms, ends_at_ms=now_ms + 3 * DAY_MS,
                approved_by=b"manager2", approved_at_ms=now_ms,
            )
        )  # fmt: skip
        uow.commit()
    shown = client.get("/me").text
    assert "停用了您的一张凭证" in shown
    assert "多次借给推销人员" in shown
    assert "停用了您的一张凭证" not in resident(office, "owner").get("/me").text


def test_I08_the_own_record_hides_duress(office: Office) -> None:
    owner = office.seed.person("owner")
    gates = Gates(office)
    who = Personal(owner.holder, owner.fob)
    at_s = office.clock().utc_s
    for reason in (ReasonCode.GRANTED, ReasonCode.DURESS):
        said = Said(EventKind.DECISION, Method.PIN, Outcome.GRANTED, reason, at_s, who)
        gates.say("gate-south", said)
    client = resident(office, "owner")
    page = client.get("/me/records").text
    rows = page.split('<li class="row ')[1:]
    assert len(rows) == 2
    hidden = [row.split("</time>")[0] for row in rows]
    assert hidden[0] == hidden[1]
    assert "duress" not in client.get("/me/data/copy").text
    assert "胁迫" not in page


def test_I09_a_couriers_code_ends_by_the_household_and_shows_the_company(office: Office) -> None:
    client = resident(office, "owner")
    body = {"name": "本地快递", "length": "90d"}
    made = client.post("/me/guests/new/courier", data=body).headers["location"]
    assert "本地快递" in client.get("/me/guests").text
    father = resident(office, "father")
    assert "本地快递" in father.get("/me/guests").text
    assert father.post(f"{made}/end").status_code == 303
    with UnitOfWork(office.engine, writes=False) as uow:
        row = uow.session.query(CredentialRow).filter(CredentialRow.label == "本地快递").one()
        assert row.ended_at_ms is not None
        assert uow.find(RevocationRow, row.id) is not None


def test_J07_opting_out_leaves_every_other_way_alone(office: Office) -> None:
    fit_face(office)
    gates = Gates(office)
    client = resident(office, "owner")
    client.post("/me/face/agree")
    gates.opt_in("owner")

    def ways() -> list[tuple[bytes, int | None]]:
        with UnitOfWork(office.engine, writes=False) as uow:
            holder = office.seed.person("owner").holder
            rows = uow.session.query(CredentialRow).filter(CredentialRow.holder_id == holder)
            return sorted((row.id, row.ended_at_ms) for row in rows)

    before = ways()
    assert client.post("/me/face/off").headers["location"] == "/me/face/receipt"
    assert ways() == before
    assert client.post("/me/face/off").status_code == 303  # saying it twice is no error


def make_teenager(office: Office) -> bytes:
    """Let the child of the example compound be fifteen."""
    with UnitOfWork(office.engine) as uow:
        row = uow.need(HolderRow, office.seed.person("child").holder)
        today = office.site.today(office.clock())
        row.adult_from = today.replace(year=today.year + 3, day=1).isoformat()
        uow.commit()
        return row.id


def test_J10_a_guardian_agrees_apart_and_only_to_the_notice_in_force(office: Office) -> None:
    fit_face(office)
    small = office.seed.person("child").holder
    child, mother = resident(office, "child"), resident(office, "owner")
    assert child.post("/me/face/agree").status_code == 422  # ten years old
    assert make_teenager(office) == small
    assert child.post("/me/face/agree").status_code == 303
    path = f"/me/children/{id_to_text(small)}"
    assert "等您决定" in mother.get("/me/children").text
    assert mother.post(f"{path}/agree", data={"version": "2025-01"}).status_code == 422
    stranger = resident(office, "tenant")
    assert stranger.post(f"{path}/agree", data={"version": "2026-01"}).status_code == 404
    assert child.post(f"{path}/agree", data={"version": "2026-01"}).status_code == 404
    assert mother.post(f"{path}/agree", data={"version": "2026-01"}).status_code == 303
    with UnitOfWork(office.engine, writes=False) as uow:
        wish = open_wish(uow, small, office.clock())
        assert wish is not None
        assert wish.guardian_id == office.seed.person("owner").holder
        assert wish.notice_version == "2026-01"
    father = resident(office, "father")
    assert father.post(f"{path}/face-off").status_code == 303
    with UnitOfWork(office.engine, writes=False) as uow:
        assert open_wish(uow, small, office.clock()) is None


def test_the_desk_ends_a_lost_phone_and_the_resident_gets_paper(office: Office) -> None:
    with UnitOfWork(office.engine) as uow:
        phone = office.seed.person("leaver").phone
        report_lost(uow, office.site, manager_of(office), phone, office.clock())
        uow.commit()
    client = resident(office, "leaver")
    assert "还没有" in client.get("/me").text
    assert client.get("/me/pass/windows").status_code == 404
