"""Every route for every role, and what keeps other sites and strangers out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.roles import Actor
from controller.services.staff import end_staff
from controller.storage.unit_of_work import UnitOfWork
from controller.web.app import served_routes
from controller.web.route_rules import may_use
from controller.web.route_table import ROUTES
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.web_app import Office, open_office

ROLES = (None, *Role)
WRONG_SITES = ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": ""})


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def filled(path: str) -> str:
    named = {"{gate}": "gate-south", "{alarm}": "1", "{command}": "aaaa", "{resident}": "a" * 13}
    named |= {
        "{code}": "AAAA-AAAA-AAAA",
        "{kind}": "guest",
        "{event}": "1",
        "{version}": "2026-01",
        "{child}": "a" * 13,
    }
    named |= {"{rollout}": "1", "{unit}": "aaaaaaaa"}
    named |= {"{call}": "1", "{ring}": "1", "{act}": "lockdown", "{form}": "pass"}
    named["{credential}"] = "a" * 13
    for name, value in named.items():
        path = path.replace(name, value)
    return path


def test_the_table_names_every_route_and_no_other() -> None:
    assert served_routes() == set(ROUTES)


def test_every_route_lets_in_whom_the_table_says(office: Office) -> None:
    walked = 0
    for role in ROLES:
        client = office.client(role)
        for (method, path), rule in ROUTES.items():
            if path.endswith("/stream") and may_use(rule, role):
                continue  # followed to their end by other tests
            if path.endswith("/session") and method == "DELETE":
                continue  # would sign out the walker
            got = client.request(method, filled(path), json={} if method == "POST" else None)
            if path == "/sign-out" and role is not None:
                client = office.client(role)
            refused = got.status_code in {401, 403} and not path.endswith("/sign-in")
            assert refused != may_use(rule, role), (method, path, role, got.text)
            if refused:
                assert got.status_code == (401 if role is None else 403)
                assert got.headers["content-type"] == "application/problem+json"
                assert got.json()["reason"]["zh"]
            walked += 1
    assert walked > 170


@pytest.mark.parametrize("headers", WRONG_SITES)
def test_nothing_is_changed_for_another_site(office: Office, headers: dict[str, str]) -> None:
    client = office.client(Role.MANAGER)
    got = client.post("/api/v1/dwellings", json={"label": "9-9-909"}, headers=headers)
    assert got.status_code == 403
    assert got.json()["rule"] == "WE-01"
    foreign = {"origin": "https://elsewhere.test"}
    assert client.post("/sign-out", headers=foreign).status_code == 403
    own = {"sec-fetch-site": "same-origin"}
    assert client.post("/api/v1/dwellings", json={"label": "9-9-909"}, headers=own).is_success


def test_guessing_is_slowed_down_and_says_nothing_about_accounts(office: Office) -> None:
    client = office.client()
    answers = [
        client.post("/api/v1/session", json={"login": login, "password": "wrong password"})
        for login in ("manager", "nobody", *["manager"] * 5)
    ]
    assert [got.status_code for got in answers] == [403] * 6 + [429]
    assert answers[0].json() == answers[1].json()
    staff = office.seed.with_role(Role.MANAGER)
    right = {"login": staff.login, "password": staff.password}
    assert client.post("/api/v1/session", json=right).status_code == 429
    office.clock.move(61_000)
    assert client.post("/api/v1/session", json=right).status_code == 201


def test_signing_out_ends_the_session(office: Office) -> None:
    client = office.client(Role.GUARD)
    cookie = client.cookies["equalgate"]
    assert client.get("/api/v1/session").json() == {"role": "guard"}
    assert client.delete("/api/v1/session").status_code == 204
    client.cookies.set("equalgate", cookie)
    assert client.get("/api/v1/session").status_code == 401


def test_every_answer_is_shielded_and_nothing_is_fetched_from_outside(office: Office) -> None:
    client = office.client(Role.MANAGER)
    for path in ("/", "/static/app.css", "/api/v1/gates", "/nowhere", "/static/nothing"):
        got = client.get(path)
        assert got.headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in got.headers["content-security-policy"]
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "http://" not in got.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in got.text
        assert " style=" not in got.text
    assert client.get("/api/v1/gates").headers["cache-control"] == "no-store"


def test_bad_input_names_the_field_and_repeats_nothing(office: Office) -> None:
    client = office.client(Role.MANAGER)
    secret = "13800001111-secret"
    got = client.post("/api/v1/dwellings", json={"label": 5, "more": secret})
    assert got.status_code == 422
    assert got.json()["code"] == "wrong_shape"
    assert got.json()["detail"] == "body.label, body.more"
    assert secret not in got.text
    assert client.get("/api/v1/residents/odd").status_code == 422
    assert client.get("/api/v1/commands/!!").status_code == 400
    big = client.post("/api/v1/dwellings", content=b"x" * 65_537)
    assert big.status_code == 413
    assert big.json()["code"] == "too_large"
    bomb = client.post("/api/v1/dwellings", content=b"[" * 60_000)
    assert bomb.status_code == 422


def test_the_description_of_the_api_names_its_problems(office: Office) -> None:
    described = office.client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert "/api/v1/residents/{resident}/fobs" in described["paths"]
    assert "Problem" in described["components"]["schemas"]
    assert "/sign-in" not in described["paths"]


def test_B08_a_leaver_is_out_at_the_next_request(office: Office) -> None:
    guard = office.client(Role.GUARD)
    assert guard.get("/api/v1/gates").is_success
    manager = Actor(office.seed.with_role(Role.MANAGER).id, Role.MANAGER)
    with UnitOfWork(office.engine) as uow:
        end_staff(uow, manager, office.seed.with_role(Role.GUARD).id, NOW)
        uow.commit()
    assert guard.get("/api/v1/gates").status_code == 401
    staff = office.seed.with_role(Role.GUARD)
    body = {"login": staff.login, "password": staff.password}
    assert office.client().post("/api/v1/session", json=body).status_code == 403
