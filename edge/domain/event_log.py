"""The wider port of the gate's log: every epoch, not only the current one.

An epoch is one unbroken run of event numbers. When a database is lost, damaged or set back, a new
epoch begins, so that a number is never given twice; what is left of the old epoch is still
delivered (promise 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.domain.model import Moment
from edge.domain.ports import Committed, Store, StoredEvent

__all__ = ["EventLog", "LogHead"]


@dataclass(frozen=True, slots=True)
class LogHead:
    """One epoch as it stands: `size` events numbered from 0, of which the controller holds `acked`.

    `root` is the tree's root at `size`, or empty where a damaged epoch no longer tells it.
    """

    epoch: int
    size: int
    acked: int
    root: bytes


class EventLog(Store, Protocol):
    """A Store that also keeps what is pending of earlier epochs; all may raise StorageError."""

    def heads(self) -> Sequence[LogHead]:
        """Return every epoch with events not acknowledged, oldest first, and always the current."""

    def read_epoch(self, epoch: int, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of `epoch` from `first_seq` on."""

    def root_of(self, epoch: int, size: int) -> bytes:
        """Return the root of `epoch` at `size`, or b"" where a damaged epoch no longer tells it."""

    def mark_epoch_acked(self, epoch: int, upto: int) -> None:
        """Note that the controller has committed everything of `epoch` below `upto`."""

    def begin_epoch(self, at_least: int) -> int:
        """Begin a new epoch, above the current one and not below `at_least`; return its number."""

    def erase_personal(
        self, first_seq: int, upto: int, at: Moment, policy_version: int
    ) -> Committed:
        """Erase personal parts and salts of the current epoch, `first_seq` <= seq < `upto`.

        One ERASURE event is committed with it, so that expired and hidden can be told apart. Gap,
        boot and erasure records keep theirs: they tell counts, not people.
        """
