"""Find the events of a batch that a person must look at."""

from controller.domain.alarming import ALARMING
from controller.ingest.intake import Trouble
from mqtt.contract.events import Batch, Leaf

__all__ = ["troubles_in"]


def troubles_in(batch: Batch, offsets: tuple[int, ...]) -> list[Trouble]:
    """Return the alarms among the new leaves of a batch."""
    leaves = batch.leaves
    return [_of(leaves[at]) for at in offsets if leaves[at].reason in ALARMING]


def _of(leaf: Leaf) -> Trouble:
    return Trouble(leaf.gate, leaf.reason, leaf.access_point, leaf.epoch, leaf.seq)
