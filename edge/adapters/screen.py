"""Hand the text of each screen to whatever draws it, through one small file in memory.

The folder is meant to be /run or another folder that touches no disk. A thread writes, so that a
slow folder never holds up a door, and only the newest text is kept.
"""

import contextlib
import json
import logging
import threading
from pathlib import Path

from edge.adapters.indicator import Shown
from edge.domain.ports import Emit
from mqtt.contract.events import AdapterKind

__all__ = ["ScreenFile", "screen_json"]

_log = logging.getLogger(__name__)


def screen_json(shown: Shown) -> str:
    """Return what a screen needs as JSON: texts are [zh-CN, en], instants UTC in ms."""
    content = {
        "access_point": shown.access_point,
        "signal": shown.signal.value,
        "reason": shown.reason.value,
        "headline": list(shown.headline),
        "detail": list(shown.detail),
        "age_line": list(shown.age_line),
        "list_age_s": shown.list_age_s,
        "offline_since_ms": shown.offline_since_ms,
        "at_ms": shown.at.utc_ms,
        "mono_ms": shown.at.mono_ms,
    }
    return json.dumps(content, ensure_ascii=False)


class ScreenFile:
    """A Display, and a Source only in that it is started and stopped: `<folder>/<name>.json`."""

    kind = AdapterKind.REAL

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self._newest: Shown | None = None
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def show(self, shown: Shown) -> None:
        """Write it soon."""
        with self._changed:
            self._newest = shown
            self._changed.notify()

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

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._is_stopping)
                shown, self._newest = self._newest, None
                if shown is None:
                    return
            self._write(shown)

    def _write(self, shown: Shown) -> None:
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            part.write_text(screen_json(shown), "utf-8")
            part.replace(self._path)
        except OSError as error:
            _log.warning("screen_unwritable", extra={"error": type(error).__name__})
            with contextlib.suppress(OSError):
                part.unlink()
