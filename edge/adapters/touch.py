"""Let a gate's screen ask for what a finger on it means: call the guard, or say no.

Two verbs and nothing else: a screen can neither open a door, nor arm face, nor say yes to it. The
socket lies beside the screens' files; only the user of the gate, or its group, gets in.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from edge.adapters.line_server import LineServer
from edge.domain.face_inputs import KeyPressed
from edge.domain.inputs import CallPressed, Input
from edge.domain.ports import Clock, Emit
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind

__all__ = ["TOUCH_SOCKET", "Touch", "TouchDesk"]

TOUCH_SOCKET = "touch.sock"
_log = logging.getLogger(__name__)
_MOST_BYTES = 256


class Touch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One touch: `call` rings the guard, `no` declines or closes the face camera."""

    do: Literal["call", "no"]
    access_point: str


class TouchDesk:
    """A Source: one JSON line for each touch, answered by `ok` or `refused`."""

    def __init__(
        self,
        path: Path,
        places: Sequence[str],
        clock: Clock,
        kind: AdapterKind,
        *,
        group_may_connect: bool = False,
    ) -> None:
        self.kind = kind
        self._places = frozenset(places)
        self._clock = clock
        self._emit: Emit = _drop
        mode = 0o660 if group_may_connect else 0o600
        self._server = LineServer(path, self._serve, mode=mode, limit=_MOST_BYTES, most_links=8)

    def start(self, emit: Emit) -> None:
        """Begin to listen; a screen without touch is no fault of the door."""
        self._emit = emit
        try:
            self._server.start()
        except UnavailableError as error:
            _log.error("touch_socket_unavailable", extra={"reason": error.code.value})

    def stop(self) -> None:
        """Hang up and end."""
        self._server.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                return
            if not line:
                return
            writer.write(b"ok\n" if self._take(line) else b"refused\n")
            await writer.drain()

    def _take(self, line: bytes) -> bool:
        try:
            touch = msgspec.json.decode(line, type=Touch)
        except msgspec.DecodeError:
            return False
        if touch.access_point not in self._places:
            return False
        self._emit(self._input(touch))
        return True

    def _input(self, touch: Touch) -> Input:
        at = self._clock.now()
        if touch.do == "call":
            return CallPressed(at, touch.access_point, self.kind)
        return KeyPressed(at, touch.access_point, self.kind)


def _drop(_item: Input) -> None:
    """Take what comes while nobody listens."""
