"""Verify the next group while the last one is being stored.

Checking an event costs twice what storing it does, and storing mostly waits for the disk: in one
thread each would stand still for the other. What was verified is used only with the very keys that
it was verified with, so that a stolen gate is out as soon as its key is.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence

from controller.ingest.fair_queue import FairQueue
from controller.ingest.intake import Arrival, GateKey, read
from mqtt.client.port import Inbound, Message
from mqtt.contract.ids import SiteId

__all__ = ["ReadAhead", "Verified"]

_WAIT_S = 0.5
_END_S = 10.0

Keys = Mapping[str, GateKey]


class Verified:
    """What messages were found to be, until they are stored; one thread adds, another takes."""

    def __init__(self, site: SiteId) -> None:
        self._site = site
        self._found: dict[int, tuple[Message, Keys, Arrival | None]] = {}

    def add(self, messages: Sequence[Message], keys: Keys) -> None:
        """Verify messages that will be asked for soon."""
        for message in messages:
            self._found[id(message)] = (message, keys, read(message, self._site, keys))

    def arrival(self, message: Message, keys: Keys) -> Arrival | None:
        """Return what this very message is by these keys."""
        known = self._found.pop(id(message), None)
        if known is not None and known[0] is message and known[1] == keys:
            return known[2]
        return read(message, self._site, keys)


class ReadAhead:
    """Takes groups from the queue in a thread of its own and prepares one while one is stored.

    No more than one: what waits longer waits in the queue, which lets live events pass. `prepare`
    gets the messages of a group; what it raises comes out of `take`.
    """

    def __init__(self, source: FairQueue, prepare: Callable[[Sequence[Message]], None]) -> None:
        self._source = source
        self._prepare = prepare
        self._ready: queue.SimpleQueue[list[Inbound] | Exception] = queue.SimpleQueue()
        self._may_read = threading.Semaphore()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self, timeout_s: float) -> list[Inbound]:
        """Return the next group, empty if nothing came within `timeout_s`."""
        try:
            found = self._ready.get(timeout=timeout_s)
        except queue.Empty:
            return []
        self._may_read.release()
        if isinstance(found, Exception):
            raise found
        return found

    def stop(self) -> None:
        """End; what was read and not stored was not acknowledged and comes again."""
        self._stopping.set()
        self._may_read.release()
        self._source.wake()
        self._thread.join(_END_S)

    def _run(self) -> None:
        while self._may_read.acquire() and not self._stopping.is_set():
            try:
                group = self._source.take(_WAIT_S)
                self._prepare([inbound.message for inbound in group])
            except Exception as error:  # noqa: BLE001  raised again by `take`
                self._ready.put(error)
                return
            self._ready.put(group)
