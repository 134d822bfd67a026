"""Let a person play every way in by hand at the south gate, and note what came of it."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edge.adapters.sim import requests as ask
from edge.adapters.sim.answers import ShownText
from edge.adapters.sim.client import RequestRefusedError, SimClient
from equalgate.demo.cast import Cast
from equalgate.demo.compound import Compound, moment
from equalgate.demo.pictures import draw_pass
from equalgate.demo.processes import wait_until
from equalgate.demo.tour_entry import forged, phone_windows, window_now
from mqtt.contract.errors import EqualGateError, UnavailableError
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["ACTS", "Happened", "Players"]

GATE, DOOR, PLACE = "gate-south", "south-door", "south-in"
_FINAL = frozenset({"granted", "denied"})
_LOOK_S, _FACE_S = 5.0, 10.0
_OUT_OF_VIEW_S = 1.7
_ENROL_S = 20.0
_KEPT = 40


@dataclass(frozen=True, slots=True)
class Happened:
    """One act and its answer. Times in ms from the act: until the answer, until the relay, or -1.

    `is_offline` tells that the broker was away.
    """

    number: int
    at_ms: int
    act: str
    method: str
    outcome: str
    reason: str
    answer_ms: int = -1
    relay_ms: int = -1
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do at the gate: its texts and the way it belongs to."""

    zh: str
    en: str
    method: Method


ACTS = {
    "paper": Act("出示纸质二维码", "Show the paper QR", Method.QR),
    "phone": Act("出示手机二维码", "Show the phone's QR", Method.QR),
    "forged": Act("出示伪造的二维码", "Show a forged QR", Method.QR),
    "fob": Act("刷门禁卡", "Tap a fob", Method.FOB),
    "lost_fob": Act("刷已挂失的卡", "Tap a fob reported lost", Method.FOB),
    "guard": Act("保安开门", "The guard opens", Method.GUARD),
    "call": Act("呼叫保安", "Call the guard", Method.GUARD),
    "face_in": Act("按人脸按钮（已同意者）", "Face button (opted in)", Method.FACE),
    "face_out": Act("按人脸按钮（未同意者）", "Face button (not opted in)", Method.FACE),
}
"""In the fixed order of the ways, face last."""


class Players:
    """The people of the example at the south gate; one act at a time, from any thread."""

    def __init__(self, compound: Compound, cast: Cast, faces: Path | None) -> None:
        self._compound = compound
        self._cast = cast
        self._faces = faces
        self._acting = threading.Lock()
        self._numbers, self._drawn = count(1), count(1)
        self._last_code_s = -_OUT_OF_VIEW_S
        self._windows: tuple[tuple[int, str], ...] = ()
        self._is_enrolled = False
        self.happened: deque[Happened] = deque(maxlen=_KEPT)
        self.picture: Path | None = None

    def load_page(self) -> None:
        """Load a tenant's pass page once, as a phone does; it goes on for 24 h by itself.

        From now on a person walks through whenever the door is unlocked.
        """
        self._windows = phone_windows(self._compound, self._cast.phone)
        with suppress(UnavailableError), SimClient(self._compound.gates[GATE].sim_socket) as sim:
            sim.wait_ready()
            sim.do(ask.AutoDoor(True, DOOR))

    def act(self, name: str) -> Happened | None:
        """Do one act; None where another one is still going on or the gate is not there."""
        if name not in ACTS or not self._acting.acquire(blocking=False):
            return None
        try:
            with SimClient(self._compound.gates[GATE].sim_socket) as sim:
                happened = self._play(name, sim)
        except (EqualGateError, RequestRefusedError, OSError) as error:
            code = error.code.value if isinstance(error, EqualGateError) else "timeout"
            happened = self._note(name, "none", code)
        finally:
            self._acting.release()
        self.happened.appendleft(happened)
        return happened

    def _play(self, name: str, sim: SimClient) -> Happened:
        self._wait_at_rest(sim)
        doing = self._doing(name, sim)
        if name == "call":
            doing()
            return self._note(name, "noted", ReasonCode.CALLED.value)
        since_ms = doing()
        shown = _answer(sim, since_ms, _FACE_S if name.startswith("face") else _LOOK_S)
        if shown is None:
            raise UnavailableError(ReasonCode.TIMEOUT, name)
        relay = sim.wait_unlocked(DOOR, since_ms, 1.0) if shown.signal == "granted" else None
        relay_ms = -1 if relay is None else relay.mono_ms - since_ms
        answer_ms = shown.mono_ms - since_ms
        return self._note(name, shown.signal, shown.reason, answer_ms, relay_ms)

    def _doing(self, name: str, sim: SimClient) -> Callable[[], int]:
        cast = self._cast
        match name:
            case "fob":
                return lambda: sim.present_fob(PLACE, *cast.fob_card)
            case "lost_fob":
                return lambda: sim.present_fob(PLACE, *cast.lost_card)
            case "guard":
                sim.panel(PLACE, "sign_on", cast.guard_card, cast.guard_pin)
                return lambda: sim.panel(PLACE, "release", reason="来访登记")
            case "call":
                return lambda: sim.do(ask.Call(PLACE))
            case "face_in" | "face_out":
                return self._face(name, sim)
            case _:
                return self._code(self._pass_text(name), sim)

    def _pass_text(self, name: str) -> str:
        if name == "phone":
            return window_now(self._windows)
        return forged(self._cast.elder_paper) if name == "forged" else self._cast.elder_paper

    def _code(self, text: str, sim: SimClient) -> Callable[[], int]:
        """Show a code; one that stays in view is one attempt, so the last one leaves it first."""
        time.sleep(max(0.0, self._last_code_s + _OUT_OF_VIEW_S - time.monotonic()))
        file = self._compound.folder / "pictures" / f"stage-{next(self._drawn) % 4}.png"
        draw_pass(text, file)
        self.picture = file

        def show() -> int:
            begun_ms = sim.show_picture(PLACE, file)
            self._last_code_s = time.monotonic()
            return begun_ms

        return show

    def _face(self, name: str, sim: SimClient) -> Callable[[], int]:
        if self._faces is None:
            return lambda: sim.press_face(PLACE)
        own, other = self._faces / "obama_2.jpg", self._faces / "biden_1.jpg"
        file = own if name == "face_in" else other
        if name == "face_in" and not self._is_enrolled:
            self._enrol(sim)
        self.picture = file
        with suppress(RequestRefusedError):
            sim.show_face(PLACE, file)
        return lambda: sim.press_face(PLACE)

    def _enrol(self, sim: SimClient) -> None:
        """Go the way of promise 2: own fob, the notice, a press that says yes, the references."""
        assert self._faces is not None
        self.picture = self._faces / "obama_1.jpg"
        with suppress(RequestRefusedError):
            sim.show_face(PLACE, self.picture)
        since_ms = sim.present_fob(PLACE, *self._cast.opted_in_card)
        asked = _wait_shown(sim, since_ms, lambda one: one.signal == "asking", 3.0)
        if asked is None:
            self._is_enrolled = True  # nothing is asked of somebody who is enrolled already
            self._wait_at_rest(sim)
            return
        self._note_asked()
        time.sleep(1.5)  # long enough to be read on the stage
        since_ms = sim.press_face(PLACE)
        done = _wait_shown(sim, since_ms, lambda one: one.reason == "enrolled", _ENROL_S)
        self._is_enrolled = done is not None
        self._wait_at_rest(sim)
        time.sleep(3.0)  # the lease comes from the controller

    def _note_asked(self) -> None:
        self.happened.appendleft(self._note("face_in", "noted", ReasonCode.CONSENT_ASKED.value))

    def _wait_at_rest(self, sim: SimClient) -> None:
        def at_rest() -> bool:
            relay = sim.relay(DOOR)
            return not relay.is_active and not relay.door_is_open

        wait_until(at_rest, DOOR, 20.0)

    def _note(
        self, act: str, outcome: str, reason: str, answer_ms: int = -1, relay_ms: int = -1
    ) -> Happened:
        return Happened(
            next(self._numbers),
            moment().utc_ms,
            act,
            ACTS[act].method.value,
            outcome,
            reason,
            answer_ms,
            relay_ms,
            is_offline=not self._compound.broker.is_running,
        )


def _answer(sim: SimClient, since_ms: int, timeout_s: float) -> ShownText | None:
    return _wait_shown(sim, since_ms, lambda one: one.signal in _FINAL, timeout_s)


def _wait_shown(
    sim: SimClient, since_ms: int, is_it: Callable[[ShownText], bool], timeout_s: float
) -> ShownText | None:
    ends_s = time.monotonic() + timeout_s
    while time.monotonic() < ends_s:
        found = next((one for one in sim.shown(PLACE, since_ms) if is_it(one)), None)
        if found is not None:
            return found
        time.sleep(0.02)
    return None
