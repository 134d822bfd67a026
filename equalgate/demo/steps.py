"""Print one JSON line per step of the tour and count what went wrong."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from edge.adapters.sim.client import RequestRefusedError
from mqtt.contract.errors import EqualGateError

__all__ = ["Result", "StepFailedError", "Steps"]


class StepFailedError(Exception):
    """A step did not go as it must; the text says what was seen instead."""


_FAILURES = (StepFailedError, EqualGateError, RequestRefusedError, OSError, TimeoutError)


@dataclass(slots=True)
class Result:
    """What a step saw; filled in while it runs. `ms` is the measured time of the step's own act."""

    method: str
    outcome: str = ""
    reason: str = ""
    ms: float | None = None
    more: dict[str, object] = field(default_factory=dict)

    def expect(self, outcome: str, reason: str) -> None:
        """Raise StepFailedError unless the step ended like this."""
        if (self.outcome, self.reason) != (outcome, reason):
            seen = f"{self.outcome}/{self.reason}"
            raise StepFailedError(f"expected {outcome}/{reason}, saw {seen}")


class Steps:
    """The tour's protocol: one line per step on `out`, exit code 0 only if all are ok."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self.failed: list[str] = []
        self.count = 0

    @contextmanager
    def step(self, name: str, method: str) -> Iterator[Result]:
        """Run one step; an error in it is printed as its result and the tour goes on."""
        result = Result(method)
        started = time.monotonic()
        ok = True
        try:
            yield result
        except (
            StepFailedError,
            EqualGateError,
            RequestRefusedError,
            OSError,
            TimeoutError,
        ) as error:
            ok = False
            result.more["error"] = str(error)
        took_ms = (time.monotonic() - started) * 1000 if result.ms is None else result.ms
        self.line(name, result, ms=took_ms, ok=ok)

    def line(self, name: str, result: Result, *, ms: float, ok: bool) -> None:
        """Print one line."""
        self.count += 1
        if not ok:
            self.failed.append(name)
        row = {
            "step": name,
            "method": result.method,
            "outcome": result.outcome,
            "reason": result.reason,
            "ms": round(ms, 1),
            "ok": ok,
            **result.more,
        }
        print(json.dumps(row, ensure_ascii=False), file=self._out, flush=True)
