"""The simulated controller: ingest and the desk for documents and commands, over one database.

Ingest is the consumer of `controller.ingest`, driven step by step instead of by its thread. A crash
drops both processes with everything that they had in memory; the database stays.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from controller.domain.moment import Moment
from controller.ingest.consumer import RECEIVE_MAXIMUM, Consumer, subscriptions
from equalgate.simulation.compound import SITE, Compound
from equalgate.simulation.desk import Desk
from equalgate.simulation.parts import Parts
from equalgate.simulation.world import Action, PowerCutError, World
from mqtt.client.backoff import LOCAL
from mqtt.client.memory import MemorySession
from mqtt.client.port import Connected, Inbound, SessionItem, SessionSpec
from mqtt.contract.topics import TopicKind, site_filter

__all__ = ["DESK", "INGEST", "WORK_MS", "ControllerUnit"]

INGEST, DESK = "ctl-ingest-1", "ctl-web"
"""Client ids of the two processes."""

T = TypeVar("T")

WORK_MS = 1_000
"""How long ingest takes for a group; what arrives meanwhile is the next group."""

_DESK_HEARS = (TopicKind.BIRTH, TopicKind.GET, TopicKind.RESPONSE)
_SESSION_S = 300


class ControllerUnit:
    """Both processes of the controller. `work_ms` is how long ingest takes for a group."""

    def __init__(self, world: World, parts: Parts, compound: Compound) -> None:
        self.compound = compound
        self.work_ms = WORK_MS
        self.clock_offset_ms = 0
        self.died_at: Counter[str] = Counter()
        self._world = world
        self._parts = parts
        self._run = 0
        self._armed = ""
        self._is_planned = False
        self._sessions: tuple[MemorySession, ...] = ()
        self.start()

    @property
    def moment(self) -> Moment:
        """Return the controller's time."""
        return Moment(self._world.utc_ms + self.clock_offset_ms, self._world.now_ms)

    @property
    def is_running(self) -> bool:
        """Tell whether the processes live."""
        return bool(self._sessions)

    def start(self) -> None:
        """Start both processes, if they are not running."""
        if self._sessions:
            return
        self._run += 1
        run = self._run
        self._is_planned = False
        core = self._parts.ingest(self.compound.engine, self.compound.site)
        self._consumer = consumer = Consumer(
            core, lambda: self.moment, crash_point=self._crash_point, wait=_never_waits
        )
        ingest = self._session(INGEST, subscriptions(SITE), partial(self._enter, run, self._hear))
        consumer.attach(ingest)
        self.desk = Desk(self.compound, lambda: self.moment)
        hears = tuple((site_filter(SITE, kind), 1) for kind in _DESK_HEARS)
        desk = self._session(DESK, hears, partial(self._enter, run, self.desk.hear))
        self.desk.session = desk
        self._sessions = (ingest, desk)
        for session in self._sessions:
            session.start()
        if run > 1:
            self._world.after(500, partial(self._enter, run, self._sync, None))

    def arm(self, point: str) -> None:
        """Let the processes die the next time that `point` is reached; empty: let them live."""
        self._armed = point

    def stop(self) -> None:
        """End both processes in order."""
        self._run += 1
        for session in self._sessions:
            session.stop()
        self._sessions = ()

    def die(self, point: str, pause_ms: int = 2_000) -> None:
        """End both processes at once and start them again after a pause."""
        self.died_at[point] += 1
        self._armed = ""
        self._run += 1
        self._world.note(f"controller dies {point}")
        for session in self._sessions:
            self._world.broker.cut(session.spec.client_id)
            session.stop()
            self._world.broker.mend(session.spec.client_id)
        self._sessions = ()
        self._world.after(pause_ms, self.start)

    def sync(self) -> None:
        """Publish what changed in the database."""
        if self.is_running:
            self._enter(self._run, self._sync, None)

    # Inside

    def _session(
        self, name: str, hears: tuple[tuple[str, int], ...], emit: Callable[[SessionItem], None]
    ) -> MemorySession:
        spec = SessionSpec(
            client_id=name,
            host="simulated",
            port=8883,
            tls=None,
            subscriptions=hears,
            session_expiry_s=_SESSION_S,
            receive_maximum=RECEIVE_MAXIMUM,
            queue_limit=4_096,
            backoff=LOCAL,
        )
        return MemorySession(spec, emit, self._world.broker, draw=self._world.rng.random)

    def _enter(self, run: int, action: Callable[[T], None], item: T) -> None:
        if run == self._run:
            action(item)

    def _later(self, delay_ms: int, action: Action) -> None:
        run = self._run

        def act() -> None:
            if run != self._run:
                return
            try:
                action()
            except PowerCutError as cut:
                self.die(str(cut))

        self._world.after(delay_ms, act)

    def _sync(self, _: object) -> None:
        self.desk.sync()

    def _hear(self, item: SessionItem) -> None:
        self._consumer.emit(item)
        if isinstance(item, Inbound | Connected):
            self._plan()

    def _plan(self) -> None:
        if not self._is_planned:
            self._is_planned = True
            self._later(self.work_ms, self._work)

    def _work(self) -> None:
        self._is_planned = False
        if self._consumer.step(0):
            self._plan()

    def _crash_point(self, name: str) -> None:
        if name == self._armed:
            raise PowerCutError(name)


def _never_waits(_seconds: float) -> None:
    """Say at once that the database is out of order: nothing mends it in a simulation."""
    raise RuntimeError("the simulated controller's database does not answer")
