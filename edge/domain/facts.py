"""Keep many small facts by id in an immutable map that is cheap to change."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

__all__ = ["FactMap"]

_BUCKETS = 64

V = TypeVar("V")


class FactMap(msgspec.Struct, Generic[V], frozen=True):
    """Map bytes to facts. `put` and `drop` return a new map and copy one of 64 buckets.

    Keys are pseudonyms, which are random, so their last byte spreads them; other keys only make it
    slower. The order of iteration depends on the content alone, so that a simulation repeats.
    """

    buckets: tuple[dict[bytes, V], ...] = ()

    @classmethod
    def of(cls, items: Iterable[tuple[bytes, V]]) -> "FactMap[V]":
        """Build a map from pairs; a later pair replaces an earlier one of the same key."""
        buckets: list[dict[bytes, V]] = [{} for _ in range(_BUCKETS)]
        for key, value in items:
            buckets[_place(key)][key] = value
        return cls(tuple(buckets))

    def get(self, key: bytes) -> V | None:
        """Return the fact under `key`, or None."""
        return self.buckets[_place(key)].get(key) if self.buckets else None

    def put(self, key: bytes, value: V) -> "FactMap[V]":
        """Return a map in which `key` has `value`."""
        return self._with(key, {**self._bucket(key), key: value})

    def drop(self, key: bytes) -> "FactMap[V]":
        """Return a map without `key`."""
        bucket = self._bucket(key)
        if key not in bucket:
            return self
        return self._with(key, {name: value for name, value in bucket.items() if name != key})

    def items(self) -> Iterator[tuple[bytes, V]]:
        """Go through all pairs."""
        for bucket in self.buckets:
            yield from bucket.items()

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self.buckets)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self.get(key) is not None

    def _bucket(self, key: bytes) -> dict[bytes, V]:
        return self.buckets[_place(key)] if self.buckets else {}

    def _with(self, key: bytes, bucket: dict[bytes, V]) -> "FactMap[V]":
        buckets = self.buckets or tuple({} for _ in range(_BUCKETS))
        at = _place(key)
        return FactMap((*buckets[:at], bucket, *buckets[at + 1 :]))


def _place(key: bytes) -> int:
    return key[-1] % _BUCKETS if key else 0
