"""Do in the inspector's corner what an inspector does: make a bundle, check it, change one byte.

The bundle and the verifier are the shipped ones; a bundle of the demo says SIMULATED throughout.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from controller.services.evidence.bundle import make_bundle
from controller.services.evidence.printed import render_pdf
from controller.services.site import Site
from controller.storage.models import GateEpochRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.demo.compound import TITLE, moment
from equalgate.verifying.program import verify_bundle

__all__ = ["Checked", "check", "log_heads", "make_evidence", "tamper"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verifier said of a file: INTACT, ALTERED or INCOMPLETE, in how many ms."""

    verdict: str
    size: int
    ms: int


def log_heads(engine: Engine) -> tuple[tuple[str, int, str], ...]:
    """Return of each gate's newest log: gate, length, first signs of its root."""
    with UnitOfWork(engine, writes=False) as uow:
        rows = uow.session.scalars(select(GateEpochRow).order_by(GateEpochRow.epoch))
        newest = {row.gate: (row.gate, row.size, row.root.hex()[:12]) for row in rows}
    return tuple(newest[gate] for gate in sorted(newest))


def make_evidence(engine: Engine, site: Site, file: Path) -> None:
    """Make the signed bundle. Raises StorageError and UnavailableError."""
    part = file.with_suffix(".part")
    with part.open("w+b") as target:
        make_bundle(engine, site, target, moment(), title=TITLE, render=render_pdf)
    part.replace(file)


def check(file: Path) -> Checked:
    """Run the offline verifier over a file."""
    begun_s = time.monotonic()
    with file.open("rb") as source:
        findings = verify_bundle(source)
    return Checked(
        findings.verdict.value, file.stat().st_size, round((time.monotonic() - begun_s) * 1000)
    )


def tamper(file: Path, changed: Path) -> None:
    """Copy a bundle and change one bit of one recorded event."""
    raw = bytearray(file.read_bytes())
    at = raw.find(b"south-in", len(raw) // 8)
    raw[at if at > 0 else len(raw) // 2] ^= 1
    changed.write_bytes(bytes(raw))
