"""Have something recorded, but at most once a minute for the same thing."""

from collections.abc import Callable

from edge.domain.inputs import Input, Observed
from edge.domain.model import Moment
from mqtt.contract.events import AdapterKind, EventKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Observer"]

_AGAIN_MS = 60_000
_KINDS_LIMIT = 256


class Observer:
    """Emits `Observed` inputs; a hostile broker cannot fill the log through it."""

    def __init__(self, emit: Callable[[Input], None], adapter_kind: AdapterKind) -> None:
        self.emit = emit
        self._adapter_kind = adapter_kind
        self._told: dict[tuple[EventKind, ReasonCode, str], int] = {}

    def observe(self, kind: EventKind, reason: ReasonCode, now: Moment, note: str = "") -> None:
        """Have `reason` recorded with `note`, which names no person."""
        key = (kind, reason, note)
        told_ms = self._told.get(key)
        if told_ms is not None and now.mono_ms - told_ms < _AGAIN_MS:
            return
        if len(self._told) >= _KINDS_LIMIT:
            self._told.clear()
        self._told[key] = now.mono_ms
        self.emit(Observed(now, kind, reason, self._adapter_kind, note=note))
