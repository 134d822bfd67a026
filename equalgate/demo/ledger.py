"""Hold the gates' logs against the controller's: every event once, in order, byte for byte."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.adapters.store_schema import EPOCH_SHIFT
from equalgate.demo.compound import Compound
from equalgate.demo.processes import wait_until
from equalgate.demo.steps import StepFailedError
from mqtt.contract import codec
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import Leaf

__all__ = ["Row", "check_same", "controller_rows", "gate_rows", "leaves_since"]

Row = tuple[int, int, bytes]
"""Epoch, number, leaf bytes."""

_SEQ_MASK = (1 << EPOCH_SHIFT) - 1


def gate_rows(compound: Compound, gate: str) -> list[Row]:
    """Read a gate's whole log from its file."""
    file = compound.gates[gate].folder / "state" / "gate.db"
    rows = _read(file, "SELECT key, leaf FROM events ORDER BY key", ())
    return [(key >> EPOCH_SHIFT, key & _SEQ_MASK, leaf) for key, leaf in rows]


def controller_rows(compound: Compound, gate: str) -> list[Row]:
    """Read what the controller holds of a gate."""
    file = compound.folder / "controller" / "controller.db"
    query = "SELECT epoch, seq, leaf FROM events WHERE gate = ? ORDER BY epoch, seq"
    return _read(file, query, (gate,))


def leaves_since(compound: Compound, gate: str, known: int) -> list[Leaf]:
    """Return the gate's events after the first `known`."""
    return [codec.decode(leaf, Leaf) for _, _, leaf in gate_rows(compound, gate)[known:]]


def check_same(compound: Compound, gate: str, timeout_s: float = 20.0) -> int:
    """Wait until both logs are the same; return their length.

    Raises StepFailedError for a hole, a doubled event or a difference.
    """

    def same() -> bool:
        return gate_rows(compound, gate) == controller_rows(compound, gate)

    try:
        wait_until(same, f"log of {gate} at the controller", timeout_s, every_s=0.1)
    except UnavailableError as error:
        here, there = gate_rows(compound, gate), controller_rows(compound, gate)
        raise StepFailedError(f"{gate}: {len(here)} events, controller {len(there)}") from error
    rows = gate_rows(compound, gate)
    expected: dict[int, int] = {}
    for epoch, seq, _ in rows:
        if seq != expected.get(epoch, 0):
            raise StepFailedError(f"{gate}: epoch {epoch} has a hole before {seq}")
        expected[epoch] = seq + 1
    return len(rows)


def _read(file: Path, query: str, values: tuple[str, ...]) -> list[Any]:
    return _retry(lambda: _read_once(file, query, values))


def _read_once(file: Path, query: str, values: tuple[str, ...]) -> list[Any]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5.0)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def _retry(read: Callable[[], list[Any]]) -> list[Any]:
    """Read again once: a gate that is just starting replaces its write-ahead log."""
    try:
        return read()
    except sqlite3.OperationalError:
        return read()
