"""Decide which events of a gate's epoch are new, and how far it is held without a hole. Pure.

Rules:
1. an event that is held already is compared by its hash: the same again is a duplicate and
   changes nothing, another one under the same number is a fork and is never stored;
2. events beyond a hole are kept, but only the prefix without a hole enters the tree and is
   acknowledged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mqtt.contract.audit import Frontier

__all__ = ["Admitted", "Ledger"]

ReadBeyond = Callable[[int], Mapping[int, bytes]]
"""Returns the hashes that the database holds from a number on, the first page of them."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a batch brings: offsets of its new leaves, and the first number that is a fork."""

    offsets: tuple[int, ...]
    fork_seq: int | None


@dataclass(slots=True)
class Ledger:
    """One life of a gate's log, for one transaction; `stored` counts events beyond a hole too."""

    gate: str
    epoch: int
    frontier: Frontier = field(default_factory=Frontier)
    stored: int = 0
    first_received_at_ms: int = 0
    is_new: bool = False
    _seen: dict[int, bytes] = field(default_factory=dict)
    _held_size: int = field(init=False)
    _held: int = field(init=False)

    def __post_init__(self) -> None:
        self._held_size, self._held = self.frontier.size, self.stored

    @property
    def size(self) -> int:
        """Return how many events are held without a hole."""
        return self.frontier.size

    @property
    def held(self) -> tuple[int, int, bytes]:
        """Return epoch, size and root, as an acknowledgement names them."""
        return self.epoch, self.size, self.frontier.root()

    @property
    def has_hole(self) -> bool:
        """Tell whether events are held beyond a hole."""
        return self.stored > self.size

    def may_hold(self, first_seq: int) -> bool:
        """Tell whether the database may hold something from `first_seq` on."""
        return first_seq < self._held_size or self._held > self._held_size

    def admit(
        self, first_seq: int, hashes: tuple[bytes, ...], held: Mapping[int, bytes]
    ) -> Admitted:
        """Take a batch in; `held` are the hashes of its numbers that the database holds."""
        offsets = []
        fork_seq = None
        for offset, hashed in enumerate(hashes):
            seq = first_seq + offset
            known = self._seen.get(seq) or held.get(seq)
            if known is None:
                self._seen[seq] = hashed
                offsets.append(offset)
            elif known != hashed and fork_seq is None:
                fork_seq = seq
        self.stored += len(offsets)
        return Admitted(tuple(offsets), fork_seq)

    def extend(self, read_beyond: ReadBeyond) -> None:
        """Let the tree grow over everything that is now held without a hole."""
        self._grow(self._seen)
        while self.has_hole and self._held > self._held_size:
            before = self.size
            self._grow(read_beyond(before))
            self._grow(self._seen)
            if self.size == before:
                return

    def _grow(self, hashes: Mapping[int, bytes]) -> None:
        frontier = self.frontier
        while (hashed := hashes.get(frontier.size)) is not None:
            frontier.append(hashed)
