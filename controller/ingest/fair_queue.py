"""Share one consumer among gates: a gate with a backlog never holds up the others.

Callbacks of the broker's thread only put; the consumer takes groups. Half of a group is for gates
with little waiting, lightest first; the rest goes round the others, a few messages each, because
each gate in a group costs a signed acknowledgement. The order of one gate's own messages is never
changed.
"""

import threading
from collections import OrderedDict, deque

from mqtt.client.port import Inbound

__all__ = ["GROUP_BYTES", "QUEUE_MESSAGES", "FairQueue"]

GROUP_BYTES = 160 * 1024
"""About 900 events: some 30 ms of work, so that what arrives meanwhile waits no longer."""

QUEUE_MESSAGES = 8_192
"""Most messages that wait; more are left to the gates, which send again."""

_LIGHT_BYTES = 8 * 1024
"""A gate with no more than this waiting, about one full batch, has no backlog."""

_BURST = 4
"""Messages that a gate with a backlog gets in its turn."""

_NO_GATE = ""


class _Lane:
    """What waits of one gate."""

    __slots__ = ("bytes", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Inbound] = deque()
        self.bytes = 0

    def put(self, inbound: Inbound) -> None:
        self.waiting.append(inbound)
        self.bytes += len(inbound.message.payload)

    def take(self) -> Inbound:
        inbound = self.waiting.popleft()
        self.bytes -= len(inbound.message.payload)
        return inbound


class FairQueue:
    """A bounded queue with a lane for each gate."""

    def __init__(self, limit: int = QUEUE_MESSAGES) -> None:
        self._limit = limit
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()
        self._count = 0
        self._refused = 0
        self._ready = threading.Condition()

    @property
    def refused(self) -> int:
        """Return how many messages found no room; nothing of them was acknowledged."""
        with self._ready:
            return self._refused

    def __len__(self) -> int:
        with self._ready:
            return self._count

    def put(self, inbound: Inbound) -> bool:
        """Add a message without waiting; False where there is no room."""
        with self._ready:
            if self._count >= self._limit:
                self._refused += 1
                return False
            name = _gate_of(inbound.message.topic)
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = _Lane()
            lane.put(inbound)
            self._count += 1
            self._ready.notify()
            return True

    def wake(self) -> None:
        """Let a waiting `take` return."""
        with self._ready:
            self._ready.notify_all()

    def take(self, timeout_s: float, group_bytes: int = GROUP_BYTES) -> list[Inbound]:
        """Return the next group, empty if nothing came within `timeout_s`."""
        with self._ready:
            if not self._count:
                self._ready.wait(timeout_s)
            group: list[Inbound] = []
            room = self._move_light(group, group_bytes // 2) + group_bytes - group_bytes // 2
            while room > 0 and self._lanes:
                name = next(iter(self._lanes))
                self._lanes.move_to_end(name)
                room = self._move(name, group, room, _BURST)
            return group

    def _move_light(self, group: list[Inbound], room: int) -> int:
        light = [name for name, lane in self._lanes.items() if lane.bytes <= _LIGHT_BYTES]
        for name in sorted(light, key=lambda each: self._lanes[each].bytes):
            if room <= 0:
                break
            room = self._move(name, group, room, self._limit)
        return room

    def _move(self, name: str, group: list[Inbound], room: int, most: int) -> int:
        """Move messages of one gate into the group; return the room that is left."""
        lane = self._lanes[name]
        for _ in range(most):
            inbound = lane.take()
            group.append(inbound)
            self._count -= 1
            room -= len(inbound.message.payload)
            if not lane.waiting:
                del self._lanes[name]
                break
            if room <= 0:
                break
        return room


def _gate_of(topic: str) -> str:
    parts = topic.split("/", 4)
    return parts[3] if len(parts) > 3 else _NO_GATE
