"""The small ports through which the shell touches the world.

Adapters translate their errors to EqualGateError; nothing else leaves them. Every port has a
simulated twin in `edge.adapters.sim` (or a memory twin beside the real one) that passes the same
contract tests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.domain.effects import Record, Remember, Signal
from edge.domain.inputs import Input
from edge.domain.model import Moment
from mqtt.contract.documents import Held
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = [
    "Boot",
    "Clock",
    "Commit",
    "Committed",
    "Emit",
    "Indicator",
    "Lock",
    "Source",
    "Store",
    "StoredEvent",
    "adapter_kind",
]

Emit = Callable[[Input], None]
"""Puts an input into the gate's inbox; may be called from any thread."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction: events and facts that belong together, at the moment of their step."""

    at: Moment
    policy_version: int
    records: Sequence[Record] = ()
    memory: Sequence[Remember] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """Where the events of a commit landed in the log."""

    epoch: int
    first_seq: int
    count: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as stored: leaf, and salt with personal part, or None where erased or absent."""

    seq: int
    leaf: bytes
    personal: tuple[bytes, bytes] | None


@dataclass(frozen=True, slots=True)
class Boot:
    """What the store knew at start.

    `quarantined` tells that a damaged database was set aside and a new epoch began; `memory` maps
    (kind, key) to value; `unfinished` holds the numbers of granted decisions without an outcome.
    """

    epoch: int
    boot_counter: int
    size: int
    acked: int
    floor_ms: int
    quarantined: bool
    memory: Mapping[tuple[str, bytes], bytes]
    unfinished: Sequence[int]


class Store(Protocol):
    """The gate's one database: log, outbox, facts and documents.

    Synchronous, with one owner; every method may raise StorageError.
    """

    def open(self) -> Boot:
        """Open or create, check, count the boot and return what is known."""

    def commit(self, work: Commit) -> Committed:
        """Write durably (WAL, synchronous=FULL) or raise and change nothing."""

    def read(self, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events of the current epoch from `first_seq` on."""

    def root_at(self, size: int) -> bytes:
        """Return the tree's root at `size` leaves of the current epoch."""

    def mark_acked(self, upto: int) -> None:
        """Note that the controller has committed everything below `upto`."""

    def documents(self) -> Mapping[DocumentName, Held]:
        """Return every held document."""

    def save_document(self, name: DocumentName, held: Held) -> None:
        """Replace one document durably."""

    def close(self) -> None:
        """Finish and release the file."""


class Clock(Protocol):
    """Tells the moment; the only place where a gate reads a clock."""

    def now(self) -> Moment:
        """Return monotonic and wall time with their trust."""


class Lock(Protocol):
    """One relay that drives one portal's lock; rest is its level without power to the coil."""

    @property
    def kind(self) -> AdapterKind:
        """Return whether a real relay is behind it."""

    def unlock(self) -> None:
        """Command the lock open. Raises UnavailableError."""

    def relock(self) -> None:
        """Command the lock to rest. Raises UnavailableError."""


class Indicator(Protocol):
    """Lamp, buzzer and screen of one access point."""

    def show(self, signal: Signal, reason: ReasonCode, list_age_s: int) -> None:
        """Show a signal; `list_age_s` is the age of the list of credentials in seconds."""

    def show_code(self, text: str) -> None:
        """Show the text of a QR code for a minute, to be photographed."""


class Source(Protocol):
    """Anything that produces inputs: a reader, a worker, a contact; its loss is an input too."""

    @property
    def kind(self) -> AdapterKind:
        """Return whether real hardware is behind it."""

    def start(self, emit: Emit) -> None:
        """Begin to emit inputs; returns at once."""

    def stop(self) -> None:
        """End and release what is held."""


def adapter_kind(kinds: Iterable[AdapterKind]) -> AdapterKind:
    """Return `real` only if every adapter involved is (promise 11)."""
    everyone_real = all(kind is AdapterKind.REAL for kind in kinds)
    return AdapterKind.REAL if everyone_real else AdapterKind.SIMULATED
