"""Sign in by own fob at a gate: only the right person, the right number of times, at that gate."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.residents import Gates
from tests.support.web_app import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def gates(office: Office) -> Gates:
    return Gates(office)


def begin(office: Office, dwelling: str, place: str = "south-in") -> tuple[httpx.Client, int]:
    """Start on a new phone; return it and how often it says to tap."""
    client = office.client()
    got = client.post("/first-fob", data={"dwelling": dwelling, "place": place})
    assert got.status_code == 303
    shown = re.search(r"刷 (\d) 次", client.get("/first-fob/taps").text)
    assert shown is not None
    return client, int(shown[1])


def tap(office: Office, gates: Gates, name: str, times: int, gate: str = "gate-south") -> None:
    for _ in range(times):
        office.clock.move(2_000)
        gates.pass_by(name, gate=gate)
    office.clock.move(5_000)


def test_the_right_taps_sign_the_phone_in_once(office: Office, gates: Gates) -> None:
    owner = office.seed.person("owner")
    client, taps = begin(office, owner.dwelling)
    assert client.post("/first-fob/taps").status_code == 422
    tap(office, gates, "owner", taps)
    assert client.post("/first-fob/taps").headers["location"] == "/me"
    assert owner.name in client.get("/me/data").text
    other = office.client()
    other.cookies.set("equalgate-taps", "planted")
    assert other.post("/first-fob/taps").headers["location"] == "/first-fob"


@pytest.mark.parametrize(
    ("name", "more", "gate"),
    [
        ("tenant", 0, "gate-south"),
        ("owner", -1, "gate-south"),
        ("owner", 1, "gate-south"),
        ("owner", 0, "gate-north"),
    ],
    ids=["another-flat", "too-few", "too-many", "another-gate"],
)
def test_other_taps_sign_nobody_in(
    office: Office, gates: Gates, name: str, more: int, gate: str
) -> None:
    client, taps = begin(office, office.seed.person("owner").dwelling)
    tap(office, gates, name, taps + more, gate)
    assert client.post("/first-fob/taps").status_code == 422
    assert client.get("/me").status_code == 401


def test_taps_of_before_and_after_the_time_do_not_count(office: Office, gates: Gates) -> None:
    owner = office.seed.person("owner")
    tap(office, gates, "owner", 3)
    client, _ = begin(office, owner.dwelling)
    assert client.post("/first-fob/taps").status_code == 422
    office.clock.move(121_000)
    assert client.post("/first-fob/taps").headers["location"] == "/first-fob"


def test_one_page_at_a_time_asks_for_a_flat_and_an_unknown_one_is_not_told(
    office: Office,
) -> None:
    begin(office, office.seed.person("owner").dwelling)
    again = {"dwelling": office.seed.person("owner").dwelling, "place": "south-in"}
    assert office.client().post("/first-fob", data=again).status_code == 422
    begin(office, "9-9-909")
    answers = [
        office.client().post("/first-fob", data={"dwelling": f"8-8-{n}", "place": "south-in"})
        for n in range(4)
    ]
    assert answers[-1].status_code == 422
    office.clock.move(61_000)
    begin(office, "7-7-707")
