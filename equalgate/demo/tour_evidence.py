"""The tour, last part: an inspector takes a bundle away and checks it without trusting anyone."""

import io
from functools import partial
from pathlib import Path

from sqlalchemy import select

from controller.storage.models import GateEpochRow, GateHeadRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Scene
from equalgate.demo.steps import StepFailedError, Steps
from equalgate.demo.tour_commands import signed_in
from equalgate.verifying.base import Findings, Verdict
from equalgate.verifying.program import verify_bundle
from mqtt.contract.records import Role

__all__ = ["take_evidence"]

_HEADS_S = 40.0


def take_evidence(scene: Scene, steps: Steps, kept: Path | None) -> None:
    """Take a bundle away as an inspector, check it, change one byte and check again."""
    wait_until(partial(_has_heads, scene), "signed heads of every gate", _HEADS_S, every_s=0.5)
    data = b""
    with steps.step("evidence_bundle_taken_away", "none") as result:
        data = signed_in(scene, Role.INSPECTOR).download("/api/v1/evidence")
        if kept is not None:
            kept.write_bytes(data)
        result.more["bytes"] = len(data)
        result.outcome, result.reason = "observed", "granted"
    with steps.step("evidence_intact", "none") as result:
        found = verify_bundle(io.BytesIO(data))
        result.more["records"] = sum(log.count for log in found.logs)
        result.more["checkpoints"] = sum(log.checkpoints for log in found.logs)
        result.more["rules"] = found.rules
        result.outcome, result.reason = _said(found, Verdict.INTACT)
    with steps.step("evidence_with_one_byte_altered", "none") as result:
        changed = bytearray(data)
        changed[len(changed) // 2] ^= 1
        found = verify_bundle(io.BytesIO(bytes(changed)))
        result.more["found"] = found.altered[:1]
        result.outcome, result.reason = _said(found, Verdict.ALTERED)


def _has_heads(scene: Scene) -> bool:
    """Tell whether every gate has signed how far its log goes, and the controller has it so far."""
    with scene.compound.database() as engine, UnitOfWork(engine, writes=False) as uow:
        same = (GateEpochRow.gate == GateHeadRow.gate) & (GateEpochRow.epoch == GateHeadRow.epoch)
        there = select(GateHeadRow.gate).join(GateEpochRow, same)
        found = there.where(GateHeadRow.size > 0, GateHeadRow.size <= GateEpochRow.size)
        return set(uow.session.scalars(found)) >= set(scene.doors)


def _said(found: Findings, expected: Verdict) -> tuple[str, str]:
    if found.verdict is not expected:
        said = "; ".join(found.altered + found.incomplete)
        raise StepFailedError(f"expected {expected.value}, saw {found.verdict.value}: {said}")
    return "observed", found.verdict.value.lower()
