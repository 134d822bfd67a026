"""Decide what of the log to send to the controller when; gone is only what it signed for.

Rules:
1. events leave in batches of up to 32, signed by the gate, oldest epoch first; at most 20 batches
   are on their way;
2. only a signed acknowledgement moves the cursor, and only if it names the root of this very log;
   PUBACK proves nothing (measured: 56 % of a burst was lost after it);
3. a root that differs is a fork: an alarm, nothing is marked, and that epoch rests until the next
   connection;
4. an acknowledgement of more than the log holds means that the log was set back: a new epoch
   begins;
5. without progress, and at every connection, everything not acknowledged is sent again.

A gate's own new events wait behind its backlog, because the order of one gate is evidence; other
gates are not held up. The class does no I/O and keeps no clock.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from edge.gate.parcels import Collected, Parcel, Plan, Settled, Verdict

__all__ = ["WINDOW", "Outbox"]

WINDOW = 20
"""Most batches on their way."""
_PER_READ = 4
_FIRST_WAIT_MS = 5_000
_LONGEST_WAIT_MS = 60_000


class Outbox:
    """Decides what to send when; see the module text.

    How it is driven: `plan` -> `collect` -> `take`, publish each parcel and tell `sent` or
    `unsent`; for each verified acknowledgement `settle` -> `settled`; `tick` now and then; `wake`
    when there are new events.
    """

    def __init__(self) -> None:
        self._connected = False
        self._reading = False
        self._has_more = True
        self._cursors: dict[int, int] = {}
        self._bases: dict[int, int] = {}
        self._resting: set[int] = set()
        self._on_the_way: list[Parcel] = []
        self._progress_ms = 0
        self._wait_ms = _FIRST_WAIT_MS
        self._may_go_back = True
        self._generation = 0

    @property
    def on_the_way(self) -> int:
        """Return how many batches are sent and not acknowledged."""
        return len(self._on_the_way)

    @property
    def resting(self) -> AbstractSet[int]:
        """Return the epochs in which the controller holds something else."""
        return frozenset(self._resting)

    def connected(self, now_ms: int) -> None:
        """Begin again with everything that is not acknowledged."""
        self._connected = True
        self._resting.clear()
        self._bases.clear()
        self._wait_ms = _FIRST_WAIT_MS
        self._start_over(now_ms)

    def disconnected(self) -> None:
        """Stop until the next connection."""
        self._connected = False
        self._on_the_way = []

    def wake(self) -> None:
        """Note that there may be new events."""
        self._has_more = True

    def plan(self) -> Plan | None:
        """Return what to read now, or None; each plan is answered by `take` or `failed`."""
        room = min(WINDOW - len(self._on_the_way), _PER_READ)
        if not self._connected or self._reading or not self._has_more or room <= 0:
            return None
        self._reading = True
        return Plan(dict(self._cursors), frozenset(self._resting), room)

    def failed(self) -> None:
        """Note that reading failed; the next tick tries again."""
        self._reading = False
        self._has_more = False

    def take(self, plan: Plan, collected: Collected, now_ms: int) -> Sequence[Parcel]:
        """Return the parcels to publish, in order; none if the cursors moved since the plan."""
        self._reading = False
        if not self._connected or plan.cursors != self._cursors:
            return ()
        for head in collected.heads:
            self._bases.setdefault(head.epoch, head.acked)
            self._cursors.setdefault(head.epoch, self._bases[head.epoch])
        if not self._on_the_way:
            self._progress_ms = now_ms
        for parcel in collected.parcels:
            self._cursors[parcel.epoch] = parcel.upto
        self._on_the_way.extend(collected.parcels)
        self._has_more = any(
            self._cursors[head.epoch] < head.size and head.epoch not in self._resting
            for head in collected.heads
        )
        return collected.parcels

    def unsent(self, parcel: Parcel, now_ms: int) -> None:
        """Note that a parcel could not be handed to the broker: it and what follows go again."""
        at = self._on_the_way.index(parcel)
        for later in self._on_the_way[at:]:
            self._cursors[later.epoch] = min(self._cursors[later.epoch], later.first_seq)
        del self._on_the_way[at:]
        self._has_more = False
        self._progress_ms = now_ms

    def settled(self, result: Settled, now_ms: int) -> None:
        """Take the worth of an acknowledgement."""
        match result.verdict:
            case Verdict.FORK:
                self._resting.add(result.epoch)
                self._drop(result.epoch)
            case Verdict.SET_BACK:
                self._start_over(now_ms)
            case Verdict.TAKEN:
                self._taken(result.epoch, result.upto, now_ms)
            case Verdict.IGNORED:
                pass

    def tick(self, now_ms: int) -> None:
        """Send again what brought no answer in time, with a growing pause; read again."""
        if not self._connected:
            return
        self._has_more = True
        if self._on_the_way and now_ms - self._progress_ms >= self._wait_ms:
            self._wait_ms = min(self._wait_ms * 2, _LONGEST_WAIT_MS)
            self._start_over(now_ms)

    def _taken(self, epoch: int, upto: int, now_ms: int) -> None:
        base = self._bases.get(epoch)
        goes_back = base is not None and upto < base
        if goes_back and not self._may_go_back:
            return
        self._may_go_back = False
        self._bases[epoch] = upto
        if goes_back:
            # The controller was restored from a backup: it asks again for what it once had.
            self._drop(epoch)
            self._cursors[epoch] = upto
            self._has_more = True
            return
        if self._cursors.get(epoch, upto) <= upto:
            self._cursors[epoch] = upto
        self._on_the_way = [
            parcel for parcel in self._on_the_way if parcel.epoch != epoch or parcel.upto > upto
        ]
        self._progress_ms = now_ms
        self._wait_ms = _FIRST_WAIT_MS
        self._has_more = True

    def _start_over(self, now_ms: int) -> None:
        self._cursors = dict(self._bases)
        self._on_the_way = []
        self._progress_ms = now_ms
        self._may_go_back = True
        self._has_more = True

    def _drop(self, epoch: int) -> None:
        self._on_the_way = [parcel for parcel in self._on_the_way if parcel.epoch != epoch]
