"""One suite for relays and contacts: simulated lines, and libgpiod over a played kernel."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import gpiod
import pytest

from edge.adapters.contacts import Contact, ContactRole, Contacts
from edge.adapters.relay import RelayLock
from edge.domain.inputs import (
    CallPressed,
    DoorSensed,
    ExitRequested,
    FireSensed,
    LockSensed,
    Observed,
    PowerSensed,
    StaffActed,
    TamperSensed,
)
from edge.domain.model import StaffAction
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import Kernel, MonotonicClock, Recorder
from tests.support.line_worlds import KernelWorld, SimWorld, World

ROLES = (
    Contact(ContactRole.DOOR_OPEN, "main"),
    Contact(ContactRole.EXIT_PRESSED, "main"),
    Contact(ContactRole.LOCKED, "main"),
    Contact(ContactRole.FIRE),
    Contact(ContactRole.FIRE_FAULT),
    Contact(ContactRole.HOUSING_OPEN),
    Contact(ContactRole.ON_BATTERY),
    Contact(ContactRole.CALL_PRESSED, "ap-1"),
    Contact(ContactRole.RELEASE_PRESSED, "ap-1"),
)
DOOR, EXIT, LOCKED, FIRE, FIRE_FAULT, HOUSING, BATTERY, CALL, RELEASE = range(len(ROLES))


@pytest.fixture(params=["sim", "libgpiod"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    if request.param == "libgpiod":
        kernel = Kernel()
        monkeypatch.setattr(gpiod, "request_lines", kernel.request_lines)
        return KernelWorld(kernel, len(ROLES))
    return SimWorld(len(ROLES))


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def watched(world: World, heard: Recorder) -> Iterator[World]:
    lines = world.inputs()
    source = Contacts(ROLES, lines, MonotonicClock(), retry_s=0.2)
    source.start(heard)
    heard.wait(PowerSensed)
    heard.settle(0.05)
    yield world
    source.stop()
    assert not [t for t in threading.enumerate() if t.name == "contacts"]


def test_D07_the_relay_is_never_pulsed_by_500_starts(world: World, heard: Recorder) -> None:
    for _ in range(500):
        lock = RelayLock("main", world.output(), MonotonicClock())
        lock.start(heard)
        assert not world.coil()
        lock.stop()
    assert world.switchings() == 0
    assert heard.items == []


def test_a_lock_follows_its_commands_and_rests_at_the_end(world: World, heard: Recorder) -> None:
    lock = RelayLock("main", world.output(), MonotonicClock())
    lock.start(heard)
    assert lock.kind is world.kind
    lock.unlock()
    lock.unlock()
    assert world.coil()
    assert world.switchings() == 1
    lock.relock()
    assert not world.coil()
    lock.unlock()
    lock.stop()
    assert not world.coil()


def test_a_lost_relay_is_an_input_at_start_and_an_error_of_ours_later(
    world: World, heard: Recorder
) -> None:
    lock = RelayLock("main", world.output(), MonotonicClock())
    world.lose_output()
    lock.start(heard)
    (seen,) = heard.of(Observed)
    assert seen.reason is ReasonCode.LOCK_FAULT
    assert seen.note.startswith("main")
    with pytest.raises(UnavailableError) as caught:
        lock.unlock()
    assert caught.value.code is ReasonCode.LOCK_FAULT
    lock.stop()


def test_a_relay_lost_while_driven_is_taken_again_when_it_is_back(
    world: World, heard: Recorder
) -> None:
    lock = RelayLock("main", world.output(), MonotonicClock())
    lock.start(heard)
    world.lose_output()
    with pytest.raises(UnavailableError):
        lock.unlock()
    assert not world.coil()
    lock.stop()


def test_at_start_every_level_is_told_once_and_no_press_is_invented(
    watched: World, heard: Recorder
) -> None:
    assert [item.is_open for item in heard.of(DoorSensed)] == [False]
    assert [item.is_locked for item in heard.of(LockSensed)] == [False]
    assert {item.active for item in heard.of(FireSensed)} == {False}
    assert [item.is_open for item in heard.of(TamperSensed)] == [False]
    assert not [*heard.of(ExitRequested), *heard.of(CallPressed), *heard.of(StaffActed)]


@pytest.mark.parametrize(
    ("index", "kind", "field"),
    [
        (DOOR, DoorSensed, "is_open"),
        (EXIT, ExitRequested, "pressed"),
        (LOCKED, LockSensed, "is_locked"),
        (HOUSING, TamperSensed, "is_open"),
        (BATTERY, PowerSensed, "on_battery"),
    ],
)
def test_a_contact_is_told_both_ways_with_its_kind(
    watched: World, heard: Recorder, index: int, kind: type[Any], field: str
) -> None:
    begun = len(heard.of(kind))
    for level in (True, False):
        watched.move(index, active=level)
        heard.settle()
    told: list[Any] = heard.of(kind)[begun:]
    assert [getattr(item, field) for item in told] == [True, False]
    assert {item.adapter_kind for item in told} == {watched.kind}


def test_buttons_tell_a_press_and_no_release(watched: World, heard: Recorder) -> None:
    for index in (CALL, RELEASE):
        watched.move(index, active=True)
    heard.wait(CallPressed)
    heard.wait(StaffActed)
    for index in (CALL, RELEASE):
        watched.move(index, active=False)
    heard.settle()
    assert [item.access_point for item in heard.of(CallPressed)] == ["ap-1"]
    assert [item.action for item in heard.of(StaffActed)] == [StaffAction.RELEASE]


def test_F12_a_call_is_told_with_nobody_set_to_hear_it(watched: World, heard: Recorder) -> None:
    watched.move(CALL, active=True)
    (call,) = heard.wait(CallPressed)
    assert call.access_point == "ap-1"


def test_54_a_door_that_bounces_is_told_once(watched: World, heard: Recorder) -> None:
    begun = len(heard.of(DoorSensed))
    for _ in range(12):
        watched.move(DOOR, active=True)
        time.sleep(0.004)
        watched.move(DOOR, active=False)
    watched.move(DOOR, active=True)
    heard.wait(DoorSensed, lambda item: item.is_open)
    heard.settle()
    assert [item.is_open for item in heard.of(DoorSensed)[begun:]] == [True]


def test_a_needle_on_the_exit_line_is_no_press(watched: World, heard: Recorder) -> None:
    watched.move(EXIT, active=True)
    watched.move(EXIT, active=False)
    heard.settle()
    assert heard.of(ExitRequested) == []


def test_52_a_cut_fire_line_counts_as_fire(watched: World, heard: Recorder) -> None:
    watched.move(FIRE_FAULT, active=True)
    (fire,) = heard.wait(FireSensed, lambda item: item.line_fault)
    assert fire.active
    heard.wait(Observed, lambda item: item.reason is ReasonCode.INPUT_FAULT)
    watched.move(FIRE_FAULT, active=False)
    heard.settle()
    assert [(item.active, item.line_fault) for item in heard.of(FireSensed)] == [
        (False, False),
        (True, True),
        (False, False),
    ]


def test_fire_is_told_within_100_ms(watched: World, heard: Recorder) -> None:
    begun_s = time.monotonic()
    watched.move(FIRE, active=True)
    (fire,) = heard.wait(FireSensed, lambda item: item.active)
    assert time.monotonic() - begun_s < 0.1
    assert not fire.line_fault


def test_a_chattering_fire_contact_cannot_hide(watched: World, heard: Recorder) -> None:
    stop = threading.Event()

    def chatter() -> None:
        while not stop.is_set():
            watched.move(FIRE, active=True)
            stop.wait(0.02)
            if not stop.is_set():
                watched.move(FIRE, active=False)
                stop.wait(0.001)

    thread = threading.Thread(target=chatter)
    thread.start()
    heard.wait(FireSensed, lambda item: item.active, timeout_s=3)
    stop.set()
    thread.join()


def test_lost_lines_are_one_input_and_heal(watched: World, heard: Recorder) -> None:
    watched.lose_inputs()
    heard.wait(Observed, lambda item: item.reason is ReasonCode.INPUT_FAULT)
    watched.bring_inputs()
    time.sleep(0.4)
    watched.move(DOOR, active=True)
    heard.wait(DoorSensed, lambda item: item.is_open)
    assert len(heard.of(Observed)) == 1


def test_a_press_while_the_lines_are_back_but_nobody_looked_is_read_from_the_level(
    watched: World, heard: Recorder
) -> None:
    watched.lose_inputs()
    heard.wait(Observed)
    watched.bring_inputs()
    watched.move(DOOR, active=True)
    heard.wait(DoorSensed, lambda item: item.is_open)


def test_edges_carry_the_lines_own_time(world: World) -> None:
    lines = world.inputs()
    lines.open()
    before_ms = time.monotonic_ns() // 1_000_000
    world.move(DOOR, active=True)
    (edge,) = lines.wait(1.0)
    assert (edge.index, edge.is_active) == (DOOR, True)
    assert before_ms <= edge.mono_ms <= time.monotonic_ns() // 1_000_000
    assert lines.levels()[DOOR]
    lines.wake()
    assert list(lines.wait(1.0)) == []
    assert list(lines.wait(0.01)) == []
    lines.close()
