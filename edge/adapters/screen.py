"""Hand what each screen shows to whatever draws it, through one small file in memory.

The folder is meant to be /run or another folder that touches no disk. A thread writes, so that a
slow folder never holds up a door, and only the newest state is kept. `edge.kiosk` draws it.
"""

import contextlib
import json
import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from edge.adapters.indicator import Shown
from edge.adapters.instants import monotonic_ms
from edge.domain.effects import Signal
from edge.domain.outlook import Outlook
from edge.domain.ports import Emit
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Board", "ScreenFile", "screen_json"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Board:
    """What one screen stands on: the last thing shown, with CLOCK_MONOTONIC ms, and the outlook.

    `armed_ms` is when the face camera was last opened, 0 for never.
    """

    access_point: str
    shown: Shown | None = None
    shown_ms: int = 0
    armed_ms: int = 0
    outlook: Outlook | None = None


def screen_json(board: Board, written_ms: int) -> str:
    """Return what a screen needs as JSON: texts are [zh-CN, en], `..._ms` CLOCK_MONOTONIC."""
    shown, outlook = board.shown, board.outlook
    content: dict[str, object] = {
        "access_point": board.access_point,
        "written_ms": written_ms,
        "shown_ms": board.shown_ms,
        "armed_ms": board.armed_ms,
    }
    if shown is not None:
        content |= {
            "signal": shown.signal.value,
            "reason": shown.reason.value,
            "headline": list(shown.headline),
            "detail": list(shown.detail),
            "list_age_s": shown.list_age_s,
            "offline_since_ms": shown.offline_since_ms,
            "at_ms": shown.at.utc_ms,
            "code": shown.code,
        }
    if outlook is not None:
        content |= {
            "ways": dict(outlook.ways),
            "door": outlook.door,
            "list_age_s": outlook.list_age_s,
            "is_armed": outlook.is_armed,
            "waiting": outlook.waiting,
        }
    return json.dumps(content, ensure_ascii=False)


class ScreenFile:
    """A Display, and a Source only in that it is started and stopped: `<folder>/<name>.json`."""

    kind = AdapterKind.REAL

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self._board = Board(name)
        self._is_new = False
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def show(self, shown: Shown) -> None:
        """Write it soon."""
        now_ms = monotonic_ms()
        opens = shown.signal is Signal.LOOK and shown.reason is ReasonCode.FACE_ARMED
        with self._changed:
            armed_ms = now_ms if opens else self._board.armed_ms
            self._tell(replace(self._board, shown=shown, shown_ms=now_ms, armed_ms=armed_ms))

    def stand(self, outlook: Outlook) -> None:
        """Write how things stand; called every second, which shows the screen that the gate lives.

        What was shown stays as it was.
        """
        with self._changed:
            self._tell(replace(self._board, outlook=outlook))

    def start(self, emit: Emit) -> None:  # noqa: ARG002 - a screen tells nothing
        """Begin to write."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None

    def _tell(self, board: Board) -> None:
        self._board, self._is_new = board, True
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_new or self._is_stopping)
                board, is_new, self._is_new = self._board, self._is_new, False
            if not is_new:
                return
            self._write(board)

    def _write(self, board: Board) -> None:
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            part.write_text(screen_json(board, monotonic_ms()), "utf-8")
            part.replace(self._path)
        except OSError as error:
            _log.warning("screen_unwritable", extra={"error": type(error).__name__})
            with contextlib.suppress(OSError):
                part.unlink()
