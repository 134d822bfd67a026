"""Carry out requests on simulated devices. Raises ValueError or EqualGateError, with the reason."""

from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerError
from pathlib import Path

from edge.adapters.contacts import ContactRole
from edge.adapters.instants import monotonic_ms
from edge.adapters.sim import requests as ask
from edge.adapters.sim.answers import (
    Adapter,
    AnsweredAdapters,
    AnsweredLamps,
    AnsweredRelays,
    AnsweredShown,
    Lamp,
    Refused,
    RelayState,
    Said,
    ShownText,
    Switched,
)
from edge.adapters.sim.bench import SimBench, SimContacts, only
from edge.adapters.sim.display import Seen
from edge.adapters.sim.door import SimDoor
from edge.domain.card_bits import CardBits
from edge.domain.model import ClockTrust, StaffAction
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Answer", "perform"]

Answer = Said | Refused | AnsweredRelays | AnsweredShown | AnsweredAdapters | AnsweredLamps

_LONGEST_WAIT_MS = 60_000
_PICTURE_S = 10.0


def perform(request: ask.Request, bench: SimBench) -> Answer:
    """Do what was asked and answer."""
    begun_ms = monotonic_ms()
    match request:
        case ask.Relays() | ask.WaitUnlocked():
            return _relays(request, bench, begun_ms)
        case ask.ShownState() | ask.WaitShown():
            return _shown(request, bench, begun_ms)
        case ask.Adapters():
            rows = (Adapter(name, kind.value) for name, kind in bench.adapters.items())
            return AnsweredAdapters(begun_ms, tuple(rows))
        case ask.Lamps():
            return AnsweredLamps(begun_ms, tuple(_lamps(bench)))
        case ask.Fob() | ask.Keys() | ask.Cable() | ask.Reader():
            _use_reader(request, bench)
        case ask.Door() | ask.Exit() | ask.RelayStuck() | ask.AutoDoor():
            _use_door(request, bench)
        case ask.Picture():
            _show_picture(request, bench)
        case ask.FacePress() | ask.FacePicture():
            _use_face(request, bench)
        case ask.Panel():
            _use_panel(request, bench)
        case _:
            _use_unit(request, bench)
    return Said(begun_ms)


def _use_reader(request: ask.Fob | ask.Keys | ask.Cable | ask.Reader, bench: SimBench) -> None:
    if isinstance(request, ask.Keys) and _is_pad(request.access_point, bench):
        _press_pad(request, bench)
        return
    reader = only(bench.readers, request.access_point, "reader")
    match request:
        case ask.Fob(is_raw=True):
            reader.present_raw(CardBits(request.value, request.length))
        case ask.Fob():
            reader.present(CardBits(request.value, request.length))
        case ask.Keys():
            reader.press(request.keys)
        case ask.Cable():
            reader.join(is_joined=request.is_joined)
        case ask.Reader():
            reader.set_mode(request.mode)


def _is_pad(access_point: str, bench: SimBench) -> bool:
    return access_point in bench.pads or (not access_point and not bench.readers)


def _press_pad(request: ask.Keys, bench: SimBench) -> None:
    if not request.keys or set(request.keys) - set("0123456789*#"):
        raise ValueError("keys are 0-9, * and #")
    pad = only(bench.pads, request.access_point, "PIN pad")
    pad.keys(request.keys, monotonic_ms())


def _use_door(
    request: ask.Door | ask.Exit | ask.RelayStuck | ask.AutoDoor, bench: SimBench
) -> None:
    door = only(bench.doors, request.portal, "portal")
    portal = next(name for name, entry in bench.doors.items() if entry is door)
    match request:
        case ask.Door():
            door.move(is_open=request.is_open)
        case ask.Exit(is_pressed=None):
            _contacts(bench).press(ContactRole.EXIT_PRESSED, portal)
        case ask.Exit():
            active = bool(request.is_pressed)
            _contacts(bench).set(ContactRole.EXIT_PRESSED, portal, active=active)
        case ask.RelayStuck():
            door.relay.is_stuck = request.is_stuck
        case ask.AutoDoor():
            door.has_person = request.is_on


def _use_face(request: ask.FacePress | ask.FacePicture, bench: SimBench) -> None:
    if isinstance(request, ask.FacePress):
        if not 1 <= request.for_ms <= _LONGEST_WAIT_MS:
            raise ValueError(f"for_ms: 1 to {_LONGEST_WAIT_MS}")
        contacts = _contacts(bench)
        places = {place: place for place in contacts.places(ContactRole.FACE_PRESSED)}
        place = only(places, request.access_point, "face button")
        contacts.press(ContactRole.FACE_PRESSED, place, request.for_ms / 1000)
        return
    if bench.face is None:
        raise ValueError("face is not installed at this gate")
    path = _existing(request.path)
    cameras = {place: place for place in bench.face_cameras}
    place = only(cameras, request.access_point, "face camera")
    _await_shown(bench.face.show_source(place, path), place, path)


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("the path of a picture is absolute here")
    if not path.exists():
        raise ValueError(f"there is no {path.name}")
    return path


def _show_picture(request: ask.Picture, bench: SimBench) -> None:
    path = _existing(request.path)
    lanes = {lane: lane for lane in bench.workers.lanes}
    lane = only(lanes, request.access_point, "code camera")
    _await_shown(bench.workers.show_source(lane, path), lane, path)


def _await_shown(shown: "Future[str]", lane: str, path: Path) -> None:
    try:
        code = shown.result(_PICTURE_S)
    except NoAnswerError:
        raise UnavailableError(ReasonCode.WORKER_LOST, lane) from None
    if code == ReasonCode.WORKER_LOST.value:
        raise UnavailableError(ReasonCode.WORKER_LOST, lane)
    if code:
        raise ValueError(f"the worker refused {path.name}: {code}")


def _use_panel(request: ask.Panel, bench: SimBench) -> None:
    panel = only(bench.panels, request.access_point, "guard panel")
    try:
        action = StaffAction(request.action)
    except ValueError:
        known = ", ".join(entry.value for entry in StaffAction)
        raise ValueError(f"action: one of {known}") from None
    panel.act(action, request.card, request.pin, request.reason)


def _use_unit(request: ask.Request, bench: SimBench) -> None:
    """Use what belongs to the whole unit."""
    match request:
        case ask.WorkerKill():
            _kill_workers(bench)
        case ask.ClockJump() | ask.ClockTrustSet():
            _set_clock(request, bench)
        case _:
            _use_contacts(request, _contacts(bench))


def _use_contacts(request: ask.Request, contacts: SimContacts) -> None:
    match request:
        case ask.Fire():
            contacts.set(ContactRole.FIRE, active=request.is_active)
        case ask.FireFault():
            contacts.set(ContactRole.FIRE_FAULT, active=request.is_active)
        case ask.Tamper():
            contacts.set(ContactRole.HOUSING_OPEN, active=request.is_open)
        case ask.Battery():
            contacts.set(ContactRole.ON_BATTERY, active=request.on_battery)
        case ask.Call():
            places = {place: place for place in contacts.places(ContactRole.CALL_PRESSED)}
            place = only(places, request.access_point, "call button")
            contacts.press(ContactRole.CALL_PRESSED, place)
        case ask.Lines(are_there=True):
            contacts.lines.plug()
        case ask.Lines():
            contacts.lines.unplug()
        case _:
            raise ValueError(f"{type(request).__name__} cannot be carried out here")


def _contacts(bench: SimBench) -> SimContacts:
    if bench.contacts is None:
        raise ValueError("this gate has no simulated contacts")
    return bench.contacts


def _kill_workers(bench: SimBench) -> None:
    if not bench.processes:
        raise ValueError("this gate runs no worker of its own")
    for process in bench.processes:
        process.kill()


def _set_clock(request: ask.ClockJump | ask.ClockTrustSet, bench: SimBench) -> None:
    if bench.clock is None:
        raise ValueError("this gate's clock is real")
    if isinstance(request, ask.ClockJump):
        bench.clock.jump(request.by_ms)
    else:
        bench.clock.set_trust(ClockTrust(request.level))


def _relays(
    request: ask.Relays | ask.WaitUnlocked, bench: SimBench, begun_ms: int
) -> AnsweredRelays:
    doors, since_ms = dict(bench.doors), request.since_mono_ms
    if isinstance(request, ask.WaitUnlocked):
        door = only(bench.doors, request.portal, "portal")
        doors = {name: entry for name, entry in doors.items() if entry is door}
        door.relay.wait_active(since_ms, _timeout_s(request.timeout_ms))
    rows = (_relay(name, door, since_ms) for name, door in doors.items())
    return AnsweredRelays(begun_ms, tuple(rows))


def _relay(portal: str, door: SimDoor, since_ms: int) -> RelayState:
    relay = door.relay
    changes = (change for change in relay.history if change.mono_ms >= since_ms)
    history = tuple(Switched(c.mono_ms, c.is_active, c.has_moved) for c in changes)
    return RelayState(portal, relay.is_active, relay.is_stuck, door.is_open, history)


def _lamps(bench: SimBench) -> Iterable[Lamp]:
    for place, reader in bench.readers.items():
        light = reader.light()
        if light is not None:
            yield Lamp(place, *light)


def _shown(
    request: ask.ShownState | ask.WaitShown, bench: SimBench, begun_ms: int
) -> AnsweredShown:
    display = only(bench.displays, request.access_point, "indicator")
    if isinstance(request, ask.WaitShown):
        display.wait_shown(request.since_mono_ms, _timeout_s(request.timeout_ms))
    since_ms = request.since_mono_ms
    return AnsweredShown(
        begun_ms, tuple(_texts(s for s in display.history if s.mono_ms >= since_ms))
    )


def _texts(history: Iterable[Seen]) -> Iterable[ShownText]:
    for seen in history:
        shown = seen.shown
        yield ShownText(
            shown.access_point,
            shown.signal.value,
            shown.reason.value,
            shown.headline,
            shown.detail,
            shown.age_line,
            shown.list_age_s,
            seen.mono_ms,
        )


def _timeout_s(timeout_ms: int) -> float:
    if not 0 <= timeout_ms <= _LONGEST_WAIT_MS:
        raise ValueError(f"timeout_ms: 0 to {_LONGEST_WAIT_MS}")
    return timeout_ms / 1000
