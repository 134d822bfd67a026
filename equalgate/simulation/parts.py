"""Name the product's classes that a run is made of, so that a test can plant a known bug in one."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from controller.ingest.core import IngestCore
from edge.adapters.memory_store import MemoryStore
from edge.gate.uplink import Uplink

__all__ = ["PRODUCT", "Parts"]


def _fresh_boot_id(rng: Random, former: bytes) -> bytes:  # noqa: ARG001  the hook's names
    return rng.randbytes(16)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run uses; `boot_id` gets the source of chance and the boot id before, if any."""

    uplink: type[Uplink] = Uplink
    store: type[MemoryStore] = MemoryStore
    ingest: type[IngestCore] = IngestCore
    boot_id: Callable[[Random, bytes], bytes] = _fresh_boot_id


PRODUCT = Parts()
"""The product as it is."""
