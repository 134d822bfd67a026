"""What the desk does through the API: people, all ways in alike, refusals with their rule."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controller.domain.moment import DAY_MS, HOUR_MS
from controller.services.seed import SeedPerson
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.web_app import Office, open_office

LEVELS = {"levels": ["residents"]}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(office: Office) -> httpx.Client:
    return office.client(Role.MANAGER)


def path(person: SeedPerson, what: str) -> str:
    return f"/api/v1/residents/{id_to_text(person.holder)}/{what}"


def of(credential: bytes, what: str) -> str:
    return f"/api/v1/credentials/{id_to_text(credential)}/{what}"


def test_a_new_resident_leaves_the_desk_with_every_way_in(
    office: Office, desk: httpx.Client
) -> None:
    body = {"name": "新住户", "dwelling": "5-1-101", "relation": "tenant"}
    made = desk.post("/api/v1/residents", json=body)
    assert made.status_code == 201
    home = f"/api/v1/residents/{made.json()['id']}"
    assert made.json()["residences"][0]["is_current"]
    before = office.wire.changes
    paper = desk.post(f"{home}/papers", json=LEVELS)
    assert paper.json()["text"].startswith("AC1:")
    assert paper.headers["cache-control"] == "no-store"
    fob = desk.post(f"{home}/fobs", json={"number": "0x51FFEE01", "length": 32, **LEVELS})
    pin = desk.post(f"{home}/pins", json=LEVELS).json()
    phone = desk.post(f"{home}/phones", json=LEVELS).json()
    slip = desk.post(f"{home}/slips", json={"until_ms": NOW.utc_ms + HOUR_MS, **LEVELS})
    assert (fob.status_code, slip.status_code) == (201, 201)
    assert len(pin["digits"]) == len(pin["duress_digits"]) == 6
    windows = desk.post(f"/api/v1/credentials/{phone['credential']}/windows").json()["windows"]
    assert len(windows) > 1_400
    assert office.wire.changes == before + 5
    listed = desk.get(f"{home}/credentials").json()
    carriers = {each["carrier"] for each in listed}
    assert carriers == {"paper", "fob", "pin", "phone", "slip"}
    assert all(each["valid_until"].endswith("+08:00") for each in listed)


def test_the_last_credential_is_not_taken_without_another(
    office: Office, desk: httpx.Client
) -> None:
    elder = office.seed.person("elder")
    for each in desk.get(path(elder, "credentials")).json()[1:]:
        got = desk.post(f"/api/v1/credentials/{each['id']}/end", json={"reason": "returned"})
        assert got.is_success
    (last,) = desk.get(path(elder, "credentials")).json()
    end = f"/api/v1/credentials/{last['id']}/end"
    refused = desk.post(end, json={"reason": "misuse"})
    assert refused.status_code == 422
    said = refused.json()
    assert (said["code"], said["rule"]) == ("last_credential", "CR-01")
    assert "Art. 50(2)" in said["article"]
    assert said["reason"]["zh"]
    assert said["cure"]["en"]
    arrears = desk.post(end, json={"reason": "arrears", "with_replacement": True})
    assert (arrears.status_code, arrears.json()["rule"]) == (422, "CR-02")
    lost = desk.post(f"/api/v1/credentials/{last['id']}/lost").json()
    assert lost["paper"]["text"].startswith("AC1:")


def test_B02_a_fob_of_somebody_else_is_refused_with_the_dwelling_masked(
    office: Office, desk: httpx.Client
) -> None:
    owner, tenant = office.seed.person("owner"), office.seed.person("tenant")
    assert owner.card is not None
    body = {"number": str(owner.card.value), "length": owner.card.length, **LEVELS}
    refused = desk.post(path(tenant, "fobs"), json=body)
    assert refused.status_code == 422
    assert refused.json()["code"] == "already_assigned"
    assert "*" in refused.json()["detail"]
    assert owner.dwelling not in refused.text
    assert owner.name not in refused.text
    assert desk.post(path(tenant, "fobs"), json={"number": "1" * 39, **LEVELS}).status_code == 422
    assert desk.post(path(tenant, "fobs"), json={"number": "-1", **LEVELS}).status_code == 422


def test_I11_moving_out_ends_everything_at_once(office: Office, desk: httpx.Client) -> None:
    leaver = office.seed.person("leaver")
    home = desk.get(f"/api/v1/residents/{id_to_text(leaver.holder)}").json()["residences"][0]
    gone = desk.post(path(leaver, "move-out"), json={"dwelling_id": home["dwelling_id"]})
    assert gone.json()["credentials"] >= 1
    assert desk.get(path(leaver, "credentials")).json() == []
    again = desk.post(path(leaver, "move-out"), json={"dwelling_id": home["dwelling_id"]})
    assert again.status_code == 404


def test_a_guard_issues_slips_and_visitors_and_sees_no_residents(office: Office) -> None:
    guard = office.client(Role.GUARD)
    owner = office.seed.person("owner")
    slip = {"until_ms": NOW.utc_ms + DAY_MS, **LEVELS}
    assert guard.post(path(owner, "slips"), json=slip).status_code == 201
    visitor = {
        "name": "客人",
        "not_before_s": NOW.utc_s,
        "not_after_s": NOW.utc_s + 3_600,
        "uses": 2,
        "home_gate": "gate-south",
        "host": id_to_text(owner.holder),
        **LEVELS,
    }
    assert guard.post("/api/v1/visitors", json=visitor).json()["text"].startswith("AC1:")
    refused = guard.post("/api/v1/visitors", json={**visitor, "home_gate": ""})
    assert (refused.status_code, refused.json()["detail"]) == (422, "home_gate")
    assert guard.get("/api/v1/residents").status_code == 403
    assert guard.post(path(owner, "papers"), json=LEVELS).status_code == 403


def test_I09_a_courier_gets_windows_of_the_week(office: Office, desk: httpx.Client) -> None:
    courier = {
        "name": "快递员",
        "not_before_s": NOW.utc_s,
        "not_after_s": NOW.utc_s + 30 * 86_400,
        "uses": 0,
        "windows": [{"days": [0, 1, 2], "start_min": 480, "end_min": 1_200}],
        "access_points": ["south-in"],
        "label": "顺路快递",
    }
    assert desk.post("/api/v1/visitors", json=courier).status_code == 201
    odd = {**courier, "windows": [{"days": [7], "start_min": 480, "end_min": 1_200}]}
    assert desk.post("/api/v1/visitors", json=odd).status_code == 422
    astray = {**courier, "access_points": ["nowhere"]}
    assert desk.post("/api/v1/visitors", json=astray).status_code == 422


def test_a_pass_is_printed_again_as_the_same_pass(office: Office, desk: httpx.Client) -> None:
    paper = office.seed.person("elder").paper
    assert paper is not None
    assert desk.post(of(paper.credential, "print")).json()["text"] == paper.text
    successor = desk.post(of(paper.credential, "successor"))
    assert successor.json()["text"] != paper.text
    assert desk.post(of(b"nobody--", "print")).status_code == 404
    phone = office.seed.person("owner").phone
    assert desk.post(of(phone, "print")).status_code == 409


def test_an_order_to_a_gate_that_was_not_heard_is_not_given(
    office: Office, desk: httpx.Client
) -> None:
    order = {"gate": "gate-south", "access_point": "south-in", "reason": "送药"}
    got = desk.post("/api/v1/commands", json=order)
    assert got.status_code == 503
    assert got.json()["code"] == "timeout"
    assert got.headers["retry-after"]
    assert office.wire.sent == []
    assert desk.post("/api/v1/commands", json={**order, "reason": " "}).status_code == 422
    assert desk.post("/api/v1/commands", json={**order, "op": "explode"}).status_code == 422


def test_dwellings_and_levels_are_listed(desk: httpx.Client) -> None:
    first = desk.get("/api/v1/dwellings", params={"limit": 3}).json()
    more = desk.get("/api/v1/dwellings", params={"after": first[-1]["id"]}).json()
    assert len(first) == 3
    assert len(more) >= 10
    made = desk.post("/api/v1/dwellings", json={"label": first[0]["label"]}).json()
    assert made == first[0]
    assert "residents" in desk.get("/api/v1/levels").json()
    here = desk.get("/api/v1/residents", params={"dwelling_id": first[0]["id"]}).json()
    assert all(home["dwelling"] for each in here for home in each["residences"])


def test_a_child_has_guardians(office: Office, desk: httpx.Client) -> None:
    owner = office.seed.person("owner")
    body = {
        "name": "小朋友",
        "dwelling": owner.dwelling,
        "relation": "occupant",
        "adult_from": "2036-05-01",
        "guardians": [id_to_text(owner.holder)],
    }
    assert desk.post("/api/v1/residents", json=body).json()["is_child"]
    refused = desk.post("/api/v1/residents", json={**body, "adult_from": None})
    assert (refused.status_code, refused.json()["rule"]) == (403, "CR-03")
