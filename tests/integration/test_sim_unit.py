"""A whole gate unit of simulated hardware, driven over its socket as the demo does."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from edge.adapters.hardware import Hardware
from edge.adapters.sim import requests as ask
from edge.adapters.sim.client import SimClient
from edge.adapters.wiring import sim_socket
from edge.config import GateConfig
from edge.domain.card_formats import CardTier
from edge.domain.effects import Signal
from edge.domain.inputs import (
    Attempted,
    CallPressed,
    DoorSensed,
    ExitRequested,
    FireSensed,
    LockSensed,
    Observed,
    PowerSensed,
    StaffActed,
    TamperSensed,
    WayChanged,
)
from edge.domain.model import CardClaim, PassClaim, PinClaim, StaffAction
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import Recorder
from tests.support.sim_gate import gate_in, running


@pytest.fixture(scope="module")
def heard() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> GateConfig:
    return gate_in(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def unit(config: GateConfig, heard: Recorder) -> Iterator[Hardware]:
    with running(config, heard) as hardware:
        yield hardware


@pytest.fixture
def client(unit: Hardware, config: GateConfig, heard: Recorder) -> Iterator[SimClient]:
    heard.settle(0.05)
    heard.items.clear()
    with SimClient(sim_socket(config)) as client:
        yield client


def test_every_device_says_that_it_is_simulated(unit: Hardware, client: SimClient) -> None:
    kinds = client.adapters()
    assert len(kinds) >= 12
    assert set(kinds.values()) == {"simulated"}
    assert unit.kind is AdapterKind.SIMULATED
    assert {source.kind for source in unit.sources} <= set(AdapterKind)


def test_a_fob_over_osdp_is_an_attempt_on_a_protected_link(
    client: SimClient, heard: Recorder
) -> None:
    since_ms = client.present_fob("ap-1", 9030510)
    (item,) = heard.wait(Attempted)
    assert isinstance(item.attempt.claim, CardClaim)
    assert item.attempt.claim.tier is CardTier.LINK_PROTECTED
    assert (item.attempt.claim.card.value, item.attempt.claim.card.length) == (9030510, 24)
    assert 0 <= item.attempt.presence_mono_ms - since_ms < 300


def test_a_fob_over_wiegand_is_an_attempt_of_a_clonable_tier(
    client: SimClient, heard: Recorder
) -> None:
    client.present_fob("ap-2", 5566453, 32)
    (item,) = heard.wait(Attempted)
    assert isinstance(item.attempt.claim, CardClaim)
    assert item.attempt.claim.tier is CardTier.CLONABLE
    assert item.attempt.claim.card.length == 32


def test_A14_a_fob_lying_on_a_real_osdp_peripheral_is_one_attempt(
    client: SimClient, heard: Recorder
) -> None:
    client.lay_fob("ap-1", 1234567, 24, for_s=1.5)
    time.sleep(1.2)
    client.present_fob("ap-1", 1234567)
    heard.wait(Attempted, count=2)
    heard.settle()
    assert len(heard.of(Attempted)) == 2


@pytest.mark.parametrize("place", ["ap-1", "ap-2", "ap-3"])
def test_a_pin_at_each_kind_of_keypad(client: SimClient, heard: Recorder, place: str) -> None:
    client.press(place, "2468#")
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PinClaim("2468")
    assert (item.attempt.method, item.attempt.access_point) == (Method.PIN, place)


def test_A13_a_fob_that_needs_a_pin_waits_for_it(
    unit: Hardware, client: SimClient, heard: Recorder
) -> None:
    unit.ask_for_pin(lambda card: card.value == 777)
    since_ms = client.present_fob("ap-1", 777)
    shown = client.wait_shown("ap-1", since_ms)
    assert shown is not None
    assert shown.signal == "pin_please"
    client.press("ap-1", "1234#")
    (item,) = heard.wait(Attempted)
    assert isinstance(item.attempt.claim, CardClaim)
    assert item.attempt.claim.pin == "1234"


def test_a_picture_goes_through_the_real_decoder(
    client: SimClient, heard: Recorder, tmp_path: Path
) -> None:
    path = tmp_path / "pass.png"
    segno.make_qr("AC1:6BF5WQ4D%-$").save(str(path), scale=6)
    client.show_picture("ap-1", path)
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PassClaim("AC1:6BF5WQ4D%-$")


def test_the_lock_is_seen_from_outside_with_its_instants(
    unit: Hardware, client: SimClient, heard: Recorder
) -> None:
    since_ms = client.do(ask.AutoDoor(is_on=True))
    assert client.wait_unlocked("main", since_ms, timeout_s=0.05) is None
    unit.locks["main"].unlock()
    change = client.wait_unlocked("main", since_ms)
    assert change is not None
    assert change.mono_ms >= since_ms
    heard.wait(LockSensed, lambda item: not item.is_locked)
    heard.wait(DoorSensed, lambda item: item.is_open)
    unit.locks["main"].relock()
    heard.wait(DoorSensed, lambda item: not item.is_open)
    heard.wait(LockSensed, lambda item: item.is_locked)
    state = client.relay("main", since_ms)
    assert [change.is_active for change in state.history] == [True, False]
    client.do(ask.AutoDoor(is_on=False))


def test_G10_a_stuck_relay_is_commanded_but_the_lock_says_otherwise(
    unit: Hardware, client: SimClient, heard: Recorder
) -> None:
    since_ms = client.do(ask.RelayStuck(is_stuck=True))
    unit.locks["main"].unlock()
    heard.settle()
    assert heard.of(LockSensed) == []
    assert client.relay("main", since_ms).history[0].has_moved is False
    unit.locks["main"].relock()
    client.do(ask.RelayStuck(is_stuck=False))


def test_contacts_reach_the_gate(client: SimClient, heard: Recorder) -> None:
    for request, kind in (
        (ask.Door(is_open=True), DoorSensed),
        (ask.Exit(), ExitRequested),
        (ask.Fire(is_active=True), FireSensed),
        (ask.Tamper(is_open=True), TamperSensed),
        (ask.Battery(on_battery=True), PowerSensed),
        (ask.Call(), CallPressed),
    ):
        client.do(request)
        heard.wait(kind)
    for request in (
        ask.Door(is_open=False),
        ask.Fire(is_active=False),
        ask.Tamper(is_open=False),
        ask.Battery(on_battery=False),
    ):
        client.do(request)
    heard.wait(ExitRequested, lambda item: not item.pressed)


def test_52_a_cut_fire_line_counts_as_fire(client: SimClient, heard: Recorder) -> None:
    client.do(ask.FireFault(is_active=True))
    (fire,) = heard.wait(FireSensed)
    assert (fire.active, fire.line_fault) == (True, True)
    client.do(ask.FireFault(is_active=False))
    heard.wait(FireSensed, lambda item: not item.active)


def test_the_guards_panel_acts(client: SimClient, heard: Recorder) -> None:
    client.panel("ap-1", "sign_on", (42, 24), "4711")
    client.panel("ap-1", "release")
    assert [item.action for item in heard.wait(StaffActed, count=2)] == [
        StaffAction.SIGN_ON,
        StaffAction.RELEASE,
    ]


def test_H01_a_reader_that_lost_its_key_is_a_fault_and_its_cards_are_refused(
    client: SimClient, heard: Recorder
) -> None:
    client.do(ask.Reader("install", "ap-1"))
    heard.wait(WayChanged, lambda item: item.status == "fault", timeout_s=8)
    (item,) = heard.wait(Observed, lambda i: i.reason is ReasonCode.READER_DOWNGRADE, timeout_s=8)
    assert item.note == "factory_key"
    client.present_fob("ap-1", 9030510)
    heard.settle()
    assert heard.of(Attempted) == []
    client.do(ask.Reader("secure", "ap-1"))
    heard.wait(WayChanged, lambda i: i.status == "ready" and i.method is Method.FOB, timeout_s=12)


def test_a_pulled_cable_is_a_fault_and_heals(client: SimClient, heard: Recorder) -> None:
    for place in ("ap-1", "ap-2"):
        client.do(ask.Cable(is_joined=False, access_point=place))
    lost = heard.wait(
        WayChanged, lambda i: i.status == "fault" and i.method is Method.FOB, count=2, timeout_s=8
    )
    assert {item.reason for item in lost} == {ReasonCode.READER_OFFLINE}
    for place in ("ap-1", "ap-2"):
        client.do(ask.Cable(is_joined=True, access_point=place))
    heard.wait(WayChanged, lambda i: i.status == "ready" and i.access_point == "ap-1", timeout_s=8)
    time.sleep(1.2)
    client.present_fob("ap-2", 9030510)
    heard.wait(WayChanged, lambda i: i.status == "ready" and i.access_point == "ap-2")


def test_A06_swapped_wires_at_a_wiegand_reader(client: SimClient, heard: Recorder) -> None:
    client.do(ask.Reader("swapped", "ap-2"))
    for number in range(5):
        client.present_fob("ap-2", 9_000_000 + number)
        heard.wait(Observed, count=number + 1)
    heard.wait(Observed, lambda item: item.reason is ReasonCode.WIRES_SWAPPED)
    client.do(ask.Reader("straight", "ap-2"))


def test_a_killed_worker_is_a_fault_and_comes_back(client: SimClient, heard: Recorder) -> None:
    client.do(ask.WorkerKill())
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.WORKER_LOST)
    heard.wait(WayChanged, lambda item: item.status == "ready", timeout_s=15)


def test_what_is_shown_reaches_reader_screen_and_recorder(
    unit: Hardware, client: SimClient, config: GateConfig
) -> None:
    since_ms = client.do(ask.Tamper(is_open=False))
    unit.indicators["ap-1"].show(Signal.DENIED, ReasonCode.EXPIRED, 720)
    shown = client.wait_shown("ap-1", since_ms)
    assert shown is not None
    assert (shown.signal, shown.reason, shown.list_age_s) == ("denied", "expired", 720)
    assert shown.age_line == ("离线，名单更新于 12 分钟前", "Offline; list from 12 min ago")
    assert unit.bench is not None
    reader = unit.bench.readers["ap-1"].reader  # type: ignore[attr-defined]  # the OSDP twin
    end_s = time.monotonic() + 2
    while time.monotonic() < end_s and reader.last_indication is None:
        time.sleep(0.02)
    assert reader.last_indication is not None
    path = config.path("screen") / "ap-1.json"
    while (screen := json.loads(path.read_text("utf-8")))["reason"] != "expired":
        assert time.monotonic() < end_s
        time.sleep(0.02)
    assert screen["offline_since_ms"] == screen["at_ms"] - 720_000


def test_a_fresh_list_has_no_age_line(unit: Hardware, client: SimClient) -> None:
    since_ms = client.do(ask.Tamper(is_open=False))
    unit.indicators["ap-1"].show(Signal.GRANTED, ReasonCode.GRANTED, 600)
    shown = client.wait_shown("ap-1", since_ms)
    assert shown is not None
    assert shown.age_line == ("", "")
    assert shown.headline == ("请进", "Please enter")
