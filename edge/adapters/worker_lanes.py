"""Keep what the daemon knows of each lane: who reads it, whether it works, how much it may say."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from edge.adapters.fault_budget import FaultBudget
from edge.domain.inputs import WayChanged
from edge.domain.ports import Clock, Emit
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["LaneState", "Lanes"]

_TEXTS = 20
_TEXTS_WINDOW_MS = 10_000


@dataclass(slots=True)
class LaneState:
    """One lane. `owner` is the link that reads it; `shown` waits for answers to pictures.

    `commands` counts the pictures that its worker was asked to show; each waits under its number.
    """

    kind: AdapterKind
    owner: object | None = None
    is_ready: bool | None = None
    texts: FaultBudget = field(default_factory=lambda: FaultBudget(_TEXTS, _TEXTS_WINDOW_MS))
    commands: int = 0
    shown: "dict[int, Future[str]]" = field(default_factory=dict)


class Lanes:
    """The lanes of all QR workers; one thread owns them."""

    def __init__(self, names: tuple[str, ...], clock: Clock, *, is_simulated: bool) -> None:
        kind = AdapterKind.SIMULATED if is_simulated else AdapterKind.REAL
        self._states = {name: LaneState(kind=kind) for name in names}
        self._clock = clock
        self._is_simulated = is_simulated

    def named(self, name: str) -> LaneState | None:
        """Return a lane, or None where this gate has no such lane."""
        return self._states.get(name)

    def claim(self, name: str, link: object, kind: AdapterKind) -> LaneState | None:
        """Return the lane if `link` reads it or nobody does; None is a lane of somebody else."""
        state = self._states.get(name)
        if state is None or state.owner not in {None, link}:
            return None
        if state.owner is not link:
            state.commands = 0
        state.owner = link
        state.kind = AdapterKind.SIMULATED if self._is_simulated else kind
        return state

    def release(self, link: object, emit: Emit) -> None:
        """Note that a link is gone: its lanes are read by nobody."""
        for name, state in self._states.items():
            if state.owner is link:
                state.owner = None
                self.report(name, emit, reason=ReasonCode.WORKER_LOST)
                self.answer(state, ReasonCode.WORKER_LOST.value, state.commands)

    def missing(self, emit: Emit) -> None:
        """Report every lane that nobody reads."""
        for name, state in self._states.items():
            if state.owner is None:
                self.report(name, emit, reason=ReasonCode.WORKER_LOST)

    def report(self, name: str, emit: Emit, *, reason: ReasonCode) -> None:
        """Say once per change that the way is ready (`way_ready`) or at fault (anything else)."""
        state = self._states[name]
        is_ready = reason is ReasonCode.WAY_READY
        if state.is_ready is is_ready:
            return
        state.is_ready = is_ready
        status = "ready" if is_ready else "fault"
        emit(WayChanged(self._clock.now(), name, Method.QR, status, reason, state.kind))

    def answer(self, state: LaneState, code: str, upto: int) -> None:
        """Tell those who showed a picture, up to this number, how that went; empty for well."""
        for number in [number for number in state.shown if number <= upto]:
            future = state.shown.pop(number)
            if not future.done():
                future.set_result(code)

    def refuse(self, state: LaneState, code: str, number: int) -> None:
        """Tell whoever showed the picture with this number why it was refused."""
        future = state.shown.pop(number, None)
        if future is not None and not future.done():
            future.set_result(code)
