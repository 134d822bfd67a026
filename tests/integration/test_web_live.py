"""What pages and streams show of gates and events: at once, in the compound's time, no person."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from controller.ingest.core import IngestCore
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import GATE_KEYS, NOW
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office, open_office

SOUTH = Recorder(access_point="south-in")
NORTH = Recorder("gate-north", access_point="north-in", signer=GATE_KEYS["gate-north"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def core(office: Office) -> IngestCore:
    return IngestCore(office.engine, office.site)


def lines(response: httpx.Response) -> Iterator[tuple[str, str, str]]:
    """Give (event, id, data) of a stream."""
    found: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and found:
            yield found.get("event", ""), found.get("id", ""), found.get("data", "")
            found = {}
        elif ": " in line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = found.get(name, "") + value


def test_events_reach_an_open_stream_and_none_is_missed(office: Office, core: IngestCore) -> None:
    core.take([SOUTH.batch(0)], NOW)
    guard = office.client(Role.GUARD)
    with guard.stream("GET", "/api/v1/events/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        messages = lines(response)
        assert next(messages)[0] == "gates"
        core.take([SOUTH.batch(1, Said(), Said()), NORTH.batch(0)], NOW)
        seen = [next(messages) for _ in range(3)]
    assert [name for name, _, _ in seen] == ["event"] * 3
    shown = [json.loads(data) for _, _, data in seen]
    assert [each["gate_title"] for each in shown] == ["南门", "南门", "北门"]
    last = seen[0][1]
    headers = {"last-event-id": last}
    with guard.stream("GET", "/api/v1/events/stream", headers=headers) as response:
        messages = lines(response)
        again = [next(messages)[1] for _ in range(2)]
    assert again == [seen[1][1], seen[2][1]]


def test_F12_K05_calls_and_refusals_reach_the_stream_without_any_receiver_set(
    office: Office, core: IngestCore
) -> None:
    call = Said(EventKind.GUARD, Method.NONE, Outcome.OBSERVED, ReasonCode.CALLED, person=None)
    unknown = Said(outcome=Outcome.DENIED, reason=ReasonCode.UNKNOWN_CREDENTIAL)
    with office.client(Role.GUARD).stream("GET", "/live/stream") as response:
        messages = lines(response)
        next(messages)
        core.take([SOUTH.batch(0, call, unknown)], NOW)
        rows = [next(messages)[2] for _ in range(2)]
    assert "呼叫" in rows[0]
    assert "未放行" in rows[1]
    assert "未登记的凭证" in rows[1]


def test_a_gate_that_is_heard_shows_within_a_second(office: Office, core: IngestCore) -> None:
    manager = office.client(Role.MANAGER)
    assert [gate["online"] for gate in manager.get("/api/v1/gates").json()] == [False, False]
    with manager.stream("GET", "/live/stream?lang=en") as response:
        messages = lines(response)
        assert "Not connected yet" in next(messages)[2]
        core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000)], NOW)
        name, _, cards = next(messages)
    assert name == "gates"
    assert "Online" in cards
    assert "SIMULATED" in cards
    office.clock.move(46_000)
    gate = manager.get("/api/v1/gates/gate-south").json()
    assert not gate["online"]
    assert gate["heard_at"].endswith("+08:00")
    assert manager.get("/api/v1/gates/gate-nowhere").status_code == 404


def test_the_four_ways_stand_in_one_fixed_order(office: Office, core: IngestCore) -> None:
    odd = {"face": "ready", "guard": "ready", "fob": "suspended", "qr": "fault"}
    core.take([SOUTH.birth(1_000), SOUTH.heartbeat(2_000, methods=odd)], NOW)
    client = office.client(Role.INSPECTOR)
    south = client.get("/api/v1/gates/gate-south").json()
    assert [way["way"] for way in south["ways"]] == ["qr", "fob", "guard", "face"]
    page = client.get("/").text
    tiles = page.count('<li class="way">')
    assert tiles == 8
    assert page.index("二维码") < page.index("门禁卡") < page.index("保安") < page.index("人脸")


def test_no_person_is_on_live_lists(office: Office, core: IngestCore) -> None:
    """The marker is found in the database first, so that this search can fail."""
    owner = office.seed.person("owner")
    person = Personal(owner.holder, owner.fob, note="marker-of-a-person")
    core.take([SOUTH.batch(0, Said(person=person))], NOW)
    raw = (Path(str(office.engine.url.database)).parent / "controller.db-wal").read_bytes()
    assert b"marker-of-a-person" in raw
    assert owner.name.encode() in Path(str(office.engine.url.database)).read_bytes() + raw
    manager = office.client(Role.MANAGER)
    shown = [manager.get(path).text for path in ("/", "/?lang=en", "/api/v1/events")]
    headers = {"last-event-id": "0"}
    for stream in ("/live/stream", "/api/v1/events/stream"):
        with manager.stream("GET", stream, headers=headers) as response:
            messages = lines(response)
            shown += [str(next(messages)) for _ in range(2)]
    found = "\n".join(shown)
    secrets = [each.name for each in office.seed.people]
    secrets += [each.dwelling for each in office.seed.people]
    secrets += [id_to_text(owner.holder), id_to_text(owner.fob), owner.holder.hex(), "marker-of"]
    assert "南门进" in found
    assert [secret for secret in secrets if secret in found] == []


def test_E01_an_event_before_midnight_is_of_that_day_whatever_the_machines_zone(
    office: Office, core: IngestCore
) -> None:
    at = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    core.take([SOUTH.batch(0, Said(at_s=int(at.timestamp())))], NOW)
    client = office.client(Role.MANAGER)

    def on(day: date) -> list[str]:
        page = client.get("/api/v1/events", params={"day": day.isoformat()}).json()
        return [event["at"] for event in page["events"]]

    day = date(2026, 11, 22)
    assert on(day) == ["2026-11-22T23:59:59+08:00"]
    assert on(day + timedelta(days=1)) == []
    assert on(day - timedelta(days=1)) == []


def test_lists_are_paged_newest_first(office: Office, core: IngestCore) -> None:
    core.take(SOUTH.run(0, 70) + NORTH.run(0, 5), NOW)
    client = office.client(Role.MANAGER)
    first = client.get("/api/v1/events", params={"limit": 40}).json()
    second = client.get(
        "/api/v1/events", params={"limit": 40, "before": first["next_before"]}
    ).json()
    ids = [event["id"] for page in (first, second) for event in page["events"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 75
    assert second["next_before"] is None
    north = client.get("/api/v1/events", params={"gate": "gate-north"}).json()["events"]
    assert {event["gate"] for event in north} == {"gate-north"}


def test_alarms_are_cleared_with_a_reason(office: Office, core: IngestCore) -> None:
    forced = Said(EventKind.DOOR, Method.NONE, Outcome.OBSERVED, ReasonCode.FORCED, person=None)
    core.take([SOUTH.batch(0, forced)], NOW)
    guard = office.client(Role.GUARD)
    (alarm,) = guard.get("/api/v1/alarms").json()
    assert (alarm["reason"], alarm["gate_title"], alarm["is_open"]) == ("forced", "南门", True)
    assert "门被强行打开" in guard.get("/").text
    clear = f"/api/v1/alarms/{alarm['id']}/clear"
    assert guard.post(clear, json={"reason": "  "}).status_code == 422
    assert guard.post(clear, json={"reason": "风吹开的，已关好"}).status_code == 204
    assert guard.get("/api/v1/alarms").json() == []
    assert not guard.get("/api/v1/alarms", params={"cleared": True}).json()[0]["is_open"]


def test_signing_out_ends_an_open_stream(office: Office) -> None:
    """Streams look the session up again whenever 15 s passed without news."""
    from controller.web import follow

    guard = office.client(Role.GUARD)
    quiet, follow._QUIET_S = follow._QUIET_S, 0.2
    try:
        with guard.stream("GET", "/live/stream") as response:
            messages = lines(response)
            next(messages)
            assert office.client().delete("/api/v1/session").status_code == 204
            other = office.client()
            other.cookies = guard.cookies
            assert other.delete("/api/v1/session").status_code == 204
            assert list(messages) == []
    finally:
        follow._QUIET_S = quiet


def test_health_says_which_parts_work(office: Office, core: IngestCore) -> None:
    core.take([SOUTH.birth(1_000)], NOW)
    client = office.client(Role.INSPECTOR)
    health = client.get("/api/v1/health").json()
    assert (health["broker"], health["gates_online"], health["gates"]) == (True, 1, 2)
    assert office.client().get("/healthz").json() == {"ok": True}
