"""Count losses of the GPU over restarts: a device that is lost again and again is left alone.

A worker that lost its device ends and starts anew, which mends a passing fault. After three
losses in ten minutes the next start leaves TensorRT alone until ten minutes have passed.
"""

import contextlib
import json
from pathlib import Path

__all__ = ["DeviceLosses"]

MOST = 3
WITHIN_S = 600.0


class DeviceLosses:
    """Keep the instants of losses, in seconds since 1970, in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, now_s: float) -> None:
        """Take note of a loss; a disk that refuses is no second fault."""
        kept = [*self._recent(now_s), now_s][-MOST:]
        temporary = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps(kept), "ascii")
            temporary.replace(self._path)

    def rests(self, now_s: float) -> bool:
        """Tell whether TensorRT is to be left alone now."""
        return len(self._recent(now_s)) >= MOST

    def _recent(self, now_s: float) -> list[float]:
        try:
            known = json.loads(self._path.read_text("ascii"))
            return [float(at) for at in known if 0 <= now_s - float(at) < WITHIN_S]
        except (OSError, ValueError, TypeError):
            return []
