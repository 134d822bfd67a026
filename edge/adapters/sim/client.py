"""Drive a simulated gate from another process: what tests and the demo use.

A client is one connection; use it from one thread. Errors: UnavailableError where the gate is not
there, RequestRefusedError with the gate's text where it refuses.
"""

import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from edge.adapters.line_server import socket_address
from edge.adapters.sim import requests as ask
from edge.adapters.sim.answers import (
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
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["RequestRefusedError", "SimClient"]

_T = TypeVar("_T", Said, AnsweredRelays, AnsweredShown, AnsweredAdapters, AnsweredLamps)
_LIMIT_S = 15.0


class RequestRefusedError(Exception):
    """The gate refused a request; `code` is stable, `zh` and `en` are for people."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.code}: {refused.en}")
        self.code = refused.code
        self.zh = refused.zh
        self.en = refused.en


class _IsOk(msgspec.Struct):
    ok: bool


class SimClient:
    """A connection to the `sim.sock` of a gate; a context manager, connects at the first use.

    Methods that do something return the monotonic ms just before it was done: hand that to
    `wait_unlocked` or `wait_shown` as `since_mono_ms`.
    """

    def __init__(self, path: Path, timeout_s: float = _LIMIT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._link: socket.socket | None = None
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_ready(self, timeout_s: float = 20.0) -> None:
        """Wait until the gate answers. Raises UnavailableError when the time is over."""
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                self.adapters()
            except UnavailableError:
                if time.monotonic() > end_s:
                    raise
                time.sleep(0.05)
            else:
                return

    def present_fob(self, access_point: str, value: int, length: int = 24) -> int:
        """Hold a fob to a reader; `value` and `length` as in its credential."""
        return self.do(ask.Fob(value, length, access_point))

    def present_frame(self, access_point: str, value: int, length: int) -> int:
        """Send exactly these bits from a reader."""
        return self.do(ask.Fob(value, length, access_point, is_raw=True))

    def lay_fob(self, access_point: str, value: int, length: int, for_s: float) -> int:
        """Let a fob lie on a reader, which reads it five times a second."""
        begun_ms = self.present_fob(access_point, value, length)
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            time.sleep(0.2)
            self.present_fob(access_point, value, length)
        return begun_ms

    def press(self, access_point: str, keys: str) -> int:
        """Press keys: `0-9`, `*` and `#`."""
        return self.do(ask.Keys(keys, access_point))

    def show_picture(self, access_point: str, path: Path) -> int:
        """Show a picture, folder or video to the code camera; returns once it was read."""
        return self.do(ask.Picture(str(path.resolve()), access_point))

    def press_face(self, access_point: str, for_ms: int = 300) -> int:
        """Press the face button and let it go after `for_ms`; returns as soon as it is down."""
        return self.do(ask.FacePress(access_point, for_ms))

    def show_face(self, access_point: str, path: Path) -> int:
        """Let the face camera see a picture, folder or video."""
        return self.do(ask.FacePicture(str(path.resolve()), access_point))

    def panel(
        self,
        access_point: str,
        action: str,
        card: tuple[int, int] | None = None,
        pin: str = "",
        reason: str = "",
    ) -> int:
        """Act at a guard's panel; `action` is a value of StaffAction."""
        return self.do(ask.Panel(action, access_point, card, pin, reason))

    def do(self, request: ask.Request) -> int:
        """Send any request that is answered by "done"."""
        return self.ask(request, Said).mono_ms

    def relay(self, portal: str, since_mono_ms: int = 0) -> RelayState:
        """Return a relay's state and its switchings since then."""
        rows = self.ask(ask.Relays(since_mono_ms), AnsweredRelays).relays
        found = next((row for row in rows if row.portal == portal or not portal), None)
        if found is None:
            raise RequestRefusedError(Refused("bad_request", portal, f"no portal {portal}"))
        return found

    def wait_unlocked(
        self, portal: str, since_mono_ms: int = 0, timeout_s: float = 2.0
    ) -> Switched | None:
        """Wait until a relay is switched on; None when the time is over."""
        request = ask.WaitUnlocked(portal, since_mono_ms, round(timeout_s * 1000))
        (relay,) = self.ask(request, AnsweredRelays).relays
        return next((change for change in relay.history if change.is_active), None)

    def shown(self, access_point: str, since_mono_ms: int = 0) -> tuple[ShownText, ...]:
        """Return what an access point showed since then, oldest first."""
        return self.ask(ask.ShownState(access_point, since_mono_ms), AnsweredShown).shown

    def wait_shown(
        self, access_point: str, since_mono_ms: int = 0, timeout_s: float = 2.0
    ) -> ShownText | None:
        """Wait until an access point shows something; None when the time is over."""
        request = ask.WaitShown(access_point, since_mono_ms, round(timeout_s * 1000))
        found = self.ask(request, AnsweredShown).shown
        return found[0] if found else None

    def lamps(self) -> tuple[Lamp, ...]:
        """Return the light of every OSDP reader that was told one."""
        return self.ask(ask.Lamps(), AnsweredLamps).lamps

    def adapters(self) -> dict[str, str]:
        """Return every device of the gate with its kind, `real` or `simulated`."""
        rows = self.ask(ask.Adapters(), AnsweredAdapters).adapters
        return {row.name: row.kind for row in rows}

    def cut_power(self) -> None:
        """End the gate's process at once; it answers nothing."""
        self._link = self._connected()
        self._link.sendall(msgspec.json.encode(ask.PowerCut()) + b"\n")
        self.close()

    def ask(self, request: ask.Request, kind: type[_T]) -> _T:
        """Send any request and return its answer."""
        line = self._exchange(msgspec.json.encode(request) + b"\n")
        if not msgspec.json.decode(line, type=_IsOk).ok:
            raise RequestRefusedError(msgspec.json.decode(line, type=Refused))
        return msgspec.json.decode(line, type=kind)

    def close(self) -> None:
        """Hang up."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _exchange(self, line: bytes) -> bytes:
        try:
            self._link = self._connected()
            self._link.sendall(line)
            while b"\n" not in self._held:
                chunk = self._link.recv(65_536)
                if not chunk:
                    raise ConnectionResetError
                self._held += chunk
        except OSError as error:
            self.close()
            raise UnavailableError(ReasonCode.FILE_UNREADABLE, self._path.name) from error
        answer, _, self._held = self._held.partition(b"\n")
        return answer

    def _connected(self) -> socket.socket:
        if self._link is not None:
            return self._link
        self._held = b""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A wait may take a minute; a gate that is gone hangs up by itself.
        link.settimeout(self._timeout_s + 60)
        try:
            with socket_address(self._path) as address:
                link.connect(address)
        except (OSError, UnavailableError):
            link.close()
            raise
        return link
