"""Hold the gates' logs against the controller's: every event once, in order, byte for byte."""

import sqlite3
from pathlib import Path
from typing import Any

from edge.adapters.store_schema import EPOCH_SHIFT
from equalgate.demo.compound import Compound
from equalgate.demo.processes import wait_until
from equalgate.demo.steps import StepFailedError
from mqtt.contract import codec
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import Leaf
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = ["Row", "check_same", "controller_rows", "has_documents", "leaves_since"]

Row = tuple[int, int, bytes]
"""Epoch, number, leaf bytes."""

_SEQ_MASK = (1 << EPOCH_SHIFT) - 1


def controller_rows(compound: Compound, gate: str) -> list[Row]:
    """Read what the controller holds of a gate."""
    file = compound.folder / "controller" / "controller.db"
    query = "SELECT epoch, seq, leaf FROM events WHERE gate = ? ORDER BY epoch, seq"
    return _read(file, query, (gate,))


def leaves_since(compound: Compound, gate: str, known: int) -> list[Leaf]:
    """Return the events of a gate that the controller holds, after the first `known`."""
    return [codec.decode(leaf, Leaf) for _, _, leaf in controller_rows(compound, gate)[known:]]


def has_documents(compound: Compound, gate: str) -> bool:
    """Tell whether the gate has recorded that it took over every document."""
    leaves = leaves_since(compound, gate, 0)
    return sum(leaf.reason is ReasonCode.ADOPTED for leaf in leaves) >= len(DocumentName)


def check_same(compound: Compound, gate: str, timeout_s: float = 20.0) -> int:
    """Stop the gate, read its whole log, start it again; wait until the controller has the same.

    Returns the length of the log. Raises StepFailedError for a hole, a doubled event or a
    difference.
    """
    unit = compound.units[gate]
    unit.stop()
    rows = _gate_rows(compound, gate)
    unit.start()
    _check_numbers(gate, rows)

    def same() -> bool:
        return controller_rows(compound, gate)[: len(rows)] == rows

    try:
        wait_until(same, f"log of {gate} at the controller", timeout_s, every_s=0.1)
    except UnavailableError as error:
        there = controller_rows(compound, gate)
        raise StepFailedError(f"{gate}: {len(rows)} events, controller {len(there)}") from error
    return len(rows)


def _gate_rows(compound: Compound, gate: str) -> list[Row]:
    """Read a stopped gate's log from its file, which a running one keeps to itself."""
    file = compound.gates[gate].folder / "state" / "gate.db"
    rows = _read(file, "SELECT key, leaf FROM events ORDER BY key", ())
    return [(key >> EPOCH_SHIFT, key & _SEQ_MASK, leaf) for key, leaf in rows]


def _check_numbers(gate: str, rows: list[Row]) -> None:
    expected: dict[int, int] = {}
    for epoch, seq, _ in rows:
        if seq != expected.get(epoch, 0):
            raise StepFailedError(f"{gate}: epoch {epoch} has a hole before {seq}")
        expected[epoch] = seq + 1


def _read(file: Path, query: str, values: tuple[str, ...]) -> list[Any]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5.0)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
