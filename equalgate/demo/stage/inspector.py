"""Say what the inspector's corner can do in this version; a part that is missing says so."""

import sys
from importlib.util import find_spec

from sqlalchemy import Engine, select

from controller.storage.models import GateEpochRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["log_heads", "parts_here"]

_PARTS = {
    "drill": ("controller.services.drills", "controller.services.drill"),
    "report": ("controller.services.bundle", "controller.services.evidence"),
    "verify": ("equalgate.verify",),
}


def log_heads(engine: Engine) -> tuple[tuple[str, int, str], ...]:
    """Return of each gate's newest log: gate, length, first signs of its root."""
    with UnitOfWork(engine, writes=False) as uow:
        rows = uow.session.scalars(select(GateEpochRow).order_by(GateEpochRow.epoch))
        newest = {row.gate: (row.gate, row.size, row.root.hex()[:12]) for row in rows}
    return tuple(newest[gate] for gate in sorted(newest))


def parts_here() -> dict[str, bool]:
    """Tell which parts of the inspector's work are installed."""
    return {name: any(_is_here(module) for module in known) for name, known in _PARTS.items()}


def _is_here(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
