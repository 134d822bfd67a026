"""Residents' routes against other residents, other sites, wrong roles and hostile input."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from controller.services.complaints import complaints_for
from controller.services.holders import HolderDraft, add_holder
from controller.services.records import forget_old, own_records
from controller.services.staff import open_holder_session
from controller.storage.models import ComplaintRow, CredentialRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.route_table import ROUTES
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.residents import Gates, fit_face, manager_of, slip_of
from tests.support.web_app import Office, open_office

WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; V2203A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49"
)
HOSTILE = (
    "'; DROP TABLE holders; --",
    '<script>alert(1)</script>"><img src=x>',
    "{{ 7 * 7 }}{% include 'base.html' %}",
    '=HYPERLINK("http://elsewhere.test")',
    "*)(uid=*))(|(uid=*",
    "\u202egnp.exe",
    "👩\u200d👩\u200d👧 王\u0000",
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def resident(office: Office, name: str) -> httpx.Client:
    """Give a browser with the session of a resident."""
    client = office.client()
    with UnitOfWork(office.engine) as uow:
        cookie = open_holder_session(uow, office.seed.person(name).holder, office.clock())
        uow.commit()
    client.cookies.set("equalgate", cookie)
    client.headers["accept"] = "text/html"
    return client


def filled(path: str, **values: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "a" * 13), path)


def test_a_resident_uses_own_routes_and_no_others(office: Office) -> None:
    client = resident(office, "owner")
    walked = 0
    for (method, path), rule in ROUTES.items():
        if rule.is_public or (rule.for_residents and path.endswith(("/stream", "/sign-out"))):
            continue
        got = client.request(method, filled(path, kind="guest", event="1"))
        allowed = got.status_code not in {401, 403}
        assert allowed == rule.for_residents, (method, path, got.status_code)
        walked += 1
    assert walked > 100


def test_nobody_without_a_session_reaches_a_residents_page(office: Office) -> None:
    client = office.client()
    for (method, path), rule in ROUTES.items():
        if rule.for_residents:
            got = client.request(method, filled(path, event="1"))
            assert got.status_code == 401, (method, path)


@pytest.mark.parametrize("stranger", ["tenant", "father"])
def test_what_is_anothers_does_not_exist(office: Office, stranger: str) -> None:
    owner = office.seed.person("owner")
    gates = Gates(office)
    gates.pass_by("owner")
    guest = id_to_text(office.seed.visitor.credential)  # the owner's own guest
    fob = id_to_text(owner.fob)
    mine, theirs = resident(office, "owner"), resident(office, stranger)
    with UnitOfWork(office.engine, writes=False) as uow:
        event = own_records(uow, owner.holder, office.clock())[0].event
    reaches = (
        ("GET", f"/me/guests/{guest}"),
        ("POST", f"/me/guests/{guest}/end"),
        ("POST", f"/me/fob/{fob}/lost"),
        ("GET", f"/me/papers/{fob}"),
        ("POST", f"/me/records/{event}/not-me"),
    )
    nothing = theirs.get(f"/me/papers/{id_to_text(b'nobody-1')}").status_code
    for method, path in reaches:
        got = theirs.request(method, path)
        assert got.status_code == 404 == nothing, path
        assert owner.name not in got.text
    assert guest not in theirs.get("/me/guests").text
    copied = theirs.get("/me/data/copy").text
    assert owner.name not in copied
    assert mine.get(f"/me/guests/{guest}").status_code == 200
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.need(CredentialRow, owner.fob).ended_at_ms is None


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/me/data", {"phone": "1", "language": "en", "kind": "staff", "name": "x"}),
        ("/me/data", {"phone": "1", "language": "en", "id": "aaaa"}),
        ("/me/guests/new/guest", {"name": "x", "length": "today", "host_id": "aaaa"}),
        ("/me/guests/new/guest", {"name": "x", "length": "today", "levels": "staff"}),
        ("/here/complain", {"topic": "other", "text": "x", "answer": "fine", "holder_id": "a"}),
    ],
)
def test_no_field_beyond_the_form_is_taken(office: Office, path: str, more: dict[str, str]) -> None:
    got = resident(office, "owner").post(path, data=more)
    assert got.status_code == 422
    with UnitOfWork(office.engine, writes=False) as uow:
        person = uow.need(HolderRow, office.seed.person("owner").holder)
        assert (person.phone, person.name) == ("", "陈海燕")
        assert uow.session.query(ComplaintRow).count() == 0


def test_a_guest_pass_leads_nowhere_that_the_host_does_not_go(office: Office) -> None:
    client = resident(office, "owner")
    wrong = {"name": "x", "length": "today", "gate": "gate-elsewhere"}
    assert client.post("/me/guests/new/guest", data=wrong).status_code == 422
    wrong = {"name": "x", "length": "years"}
    assert client.post("/me/guests/new/guest", data=wrong).status_code == 422
    assert client.post("/me/guests/new/vip", data={"name": "x"}).status_code == 404


def test_forms_work_in_wechat_without_fetch_metadata_and_not_from_elsewhere(
    office: Office,
) -> None:
    client = resident(office, "owner")
    client.headers["user-agent"] = WECHAT
    got = client.post("/me/guests/new/guest", data={"name": "阿姨", "length": "today"})
    assert got.status_code == 303
    assert client.get("/me").headers["referrer-policy"] == "same-origin"
    for origin in ("https://elsewhere.test", "null", ""):
        refused = client.post("/me/face/off", headers={"origin": origin})
        assert refused.status_code == 403
    crossed = {"sec-fetch-site": "cross-site"}
    assert client.post("/me/face/off", headers=crossed).status_code == 403


def test_signing_in_makes_a_new_session_and_ends_the_one_before(office: Office) -> None:
    client = office.client()
    client.cookies.set("equalgate", "planted-by-somebody-else")
    assert client.post("/first", data={"code": slip_of(office, "owner")}).status_code == 303
    fresh = client.cookies.get("equalgate", domain="127.0.0.1") or client.cookies.jar
    assert fresh != "planted-by-somebody-else"
    other = office.client()
    other.cookies.set("equalgate", "planted-by-somebody-else")
    assert other.get("/me").status_code == 401
    first = resident(office, "owner")
    cookie = first.cookies["equalgate"]
    assert first.post("/first", data={"code": slip_of(office, "owner")}).status_code == 303
    again = office.client()
    again.cookies.set("equalgate", cookie)
    assert again.get("/me").status_code == 401


def test_guessing_slips_is_slowed_and_locks_no_door(office: Office) -> None:
    code = slip_of(office, "owner")
    client = office.client()
    answers = [client.post("/first", data={"code": f"AAAA-AAAA-AA{n:02}"}) for n in range(7)]
    assert [got.status_code for got in answers] == [422] * 5 + [429] * 2
    assert client.post("/first", data={"code": code}).status_code == 429
    office.clock.move(61_000)
    assert client.post("/first", data={"code": code}).status_code == 303
    assert office.wire.sent == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_they_are_and_do_nothing(office: Office, name: str) -> None:
    client = resident(office, "owner")
    made = client.post("/me/guests/new/guest", data={"name": name[:40], "length": "today"})
    assert made.status_code in {303, 422}
    shown = client.get("/me/guests").text
    assert "<script>alert" not in shown
    assert "49" not in re.findall(r"<strong>(\d+)</strong>", shown)
    complained = client.post("/me/complain", data={"topic": "other", "text": name})
    assert complained.status_code in {303, 422}
    assert "<script>alert" not in client.get("/me/complain").text
    for path in ("/first/", "/here/notice/"):
        assert "<script>alert" not in client.get(path + quote(name, safe="")).text
    assert "\x00" not in shown
    assert "\u202e" not in shown
    with UnitOfWork(office.engine, writes=False) as uow:
        assert uow.find(HolderRow, office.seed.person("owner").holder) is not None


def test_a_forced_face_is_read_by_the_inspector_and_not_by_the_desk(office: Office) -> None:
    client = resident(office, "owner")
    body = {"topic": "forced", "text": "他们说必须录人脸"}
    assert client.post("/me/complain", data=body).status_code == 303
    inspector = office.seed.with_role(Role.INSPECTOR)
    with UnitOfWork(office.engine, writes=False) as uow:
        assert complaints_for(uow, manager_of(office)) == ()
        assert len(complaints_for(uow, Actor(inspector.id, Role.INSPECTOR))) == 1
    assert "他们说必须录人脸" in client.get("/me/complain").text
    assert "他们说必须录人脸" not in resident(office, "father").get("/me/complain").text


def test_records_of_somebody_who_complained_are_held(office: Office) -> None:
    Gates(office).pass_by("owner")
    client = resident(office, "owner")
    assert "还有 30 天删除" in client.get("/me/records").text
    client.post("/me/complain", data={"topic": "staff", "text": "等了半小时"})
    assert "已保留" in client.get("/me/records").text
    office.clock.move(40 * DAY_MS)
    with UnitOfWork(office.engine) as uow:
        assert forget_old(uow, office.clock()) == 0
        row = uow.session.query(ComplaintRow).one()
        row.answered_at_ms = office.clock().utc_ms
        uow.commit()
    office.clock.move(61 * DAY_MS)
    with UnitOfWork(office.engine) as uow:
        assert forget_old(uow, office.clock()) == 1
        uow.commit()


def test_the_copy_holds_everything_of_oneself(office: Office) -> None:
    fit_face(office)
    Gates(office).pass_by("owner")
    client = resident(office, "owner")
    client.post("/me/face/agree")
    client.post("/me/complain", data={"topic": "data", "text": "请删除旧记录"})
    got = client.get("/me/data/copy")
    assert got.headers["content-disposition"].startswith("attachment")
    held = got.json()
    assert held["person"]["name"] == "陈海燕"
    assert held["homes"][0]["dwelling"]
    assert {each["kind"] for each in held["credentials"]} >= {"fob", "phone"}
    assert len(held["passages"]) == 1
    assert len(held["face"]["wishes"]) == 1
    assert held["complaints"][0]["text"] == "请删除旧记录"
    assert "embedding" not in got.text


def test_marked_personal_data_reaches_no_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    marker = "标记人名甲乙丙"
    caplog.set_level(logging.DEBUG)
    with UnitOfWork(office.engine) as uow:
        add_holder(uow, HolderDraft(marker), NOW)
    logging.getLogger("controller.test").info("planted %s", marker)
    assert marker in caplog.text  # the search works
    caplog.clear()
    client = resident(office, "owner")
    for path in ("/me/guests/new/guest", "/me/complain", "/me/data", "/first", "/here/complain"):
        text = {"name": marker, "text": marker, "phone": marker, "code": marker, "topic": "other"}
        got = client.post(path, data=text)
        assert got.status_code < 500
        client.get(path, params={"topic": marker})
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("controller")]
    assert not any(marker in each for each in ours)
    assert not any(marker in publication.topic for publication in office.wire.sent)
