"""Run one gate: one inbox, one consumer, one owner of all state."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edge.domain.door_model import lock_open
from edge.domain.effects import Effect
from edge.domain.gate import step
from edge.domain.gate_state import GateState
from edge.domain.inputs import Input, Tick
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.domain.ports import Clock
from edge.gate.performer import Performer
from edge.gate.timing import Alarm, LoopTiming, Timing
from mqtt.contract.topics import DocumentName

__all__ = ["GateLoop"]


class GateLoop:
    """The one consumer. `emit` may be called from any thread; everything else runs on the loop.

    Inputs that arrive before `run` are kept from `begin` on. `timing` says how to wait; without one
    it is the event loop that runs at `begin`. A simulation calls `consume` instead of `run`.
    `watch` is shown the effects of every step before they are carried out.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        state: GateState,
        knowledge: Knowledge,
        timing: Timing | None = None,
        watch: Callable[[tuple[Effect, ...]], None] | None = None,
    ) -> None:
        self._clock = clock
        self._timing = timing
        self._watch = watch
        self._performer: Performer | None = None
        self._state = state
        self._knowledge = knowledge
        self._inbox: deque[Input] = deque()
        self._arrived = asyncio.Event()
        self._alarm: Alarm | None = None
        self._alarm_ms = 0

    @property
    def state(self) -> GateState:
        """Return the current state, for heartbeats and displays."""
        return self._state

    @property
    def knowledge(self) -> Knowledge:
        """Return what the gate knows now."""
        return self._knowledge

    def begin(self, performer: Performer, at: Moment, effects: tuple[Effect, ...]) -> None:
        """Attach to the running event loop and carry out what the start asks for."""
        self._timing = self._timing or LoopTiming(asyncio.get_running_loop())
        self._performer = performer
        self._perform(at, effects)

    def emit(self, item: Input) -> None:
        """Put an input into the inbox, from any thread. Without a loop there is no gate to tell."""
        if self._timing is not None:
            self._timing.soon(partial(self.put, item))

    def put(self, item: Input) -> None:
        """Put an input into the inbox, on the loop."""
        self._inbox.append(item)
        self._arrived.set()

    def learn(self, knowledge: Knowledge) -> None:
        """Take over new documents; the Tick lets schedules and lists bite at once."""
        self._knowledge = knowledge
        self.put(Tick(self._clock.now()))

    def confirm_lists(self, now: Moment) -> None:
        """Take note that the controller confirmed the lists now."""
        self._knowledge = replace(self._knowledge, lists_confirmed_ms=now.utc_ms)

    async def run(self) -> None:
        """Consume inputs until cancelled; `begin` comes first."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self.consume()

    def consume(self) -> None:
        """Take everything in the inbox, also what that puts there."""
        while self._inbox:
            self._take(self._inbox.popleft())

    def belongs_open(self, portal: str) -> bool:
        """Tell whether the lock of `portal` belongs open now."""
        door = self._state.doors.get(portal)
        return door is not None and lock_open(door)

    def list_age_s(self) -> int:
        """Return the age of the list of credentials in seconds."""
        return self._knowledge.list_age_ms(self._clock.now().utc_ms) // 1000

    def wake_at(self, mono_ms: int) -> None:
        """Keep the earliest wake-up; a Tick asks again for later ones. `begin` comes first."""
        timing = self._timing
        if timing is None:
            raise RuntimeError("begin comes first")
        if self._alarm is not None:
            if self._alarm_ms <= mono_ms:
                return
            self._alarm.cancel()
        wait_s = max(0, mono_ms - self._clock.now().mono_ms) / 1000
        self._alarm_ms = mono_ms
        self._alarm = timing.later(wait_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.put(Tick(self._clock.now()))

    def _take(self, item: Input) -> None:
        self._state, effects = step(self._state, item, self._knowledge)
        self._perform(item.at, effects)

    def _perform(self, at: Moment, effects: tuple[Effect, ...]) -> None:
        if self._performer is None:
            raise RuntimeError("begin comes first")
        if self._watch is not None:
            self._watch(effects)
        policy_version = self._knowledge.versions.get(DocumentName.POLICY, 0)
        self._performer.perform(self, at, policy_version, effects)
