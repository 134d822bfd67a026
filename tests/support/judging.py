"""Ask the rule engine for one verdict, and change what it looks at."""

from typing import Any

from sqlalchemy import update

from controller.services.rules.engine import evaluate
from controller.storage.base import Base
from controller.storage.models import GatePresenceRow, ParityCellRow
from mqtt.contract.rules import Evaluation, Verdict
from tests.support.face_desk import NORTH, SOUTH, FaceDesk

__all__ = ["FAIL", "FEW", "HUMAN", "NONE", "PASS", "add", "change", "heartbeat", "judged", "month"]

PASS, FAIL, FEW = Verdict.PASS, Verdict.FAIL, Verdict.INSUFFICIENT_DATA
HUMAN, NONE = Verdict.NEEDS_HUMAN, Verdict.NOT_APPLICABLE


def judged(desk: FaceDesk, rule: str) -> Verdict:
    """Give the verdict of a rule; every finding says why in both languages."""
    with desk.reading() as uow:
        found = {each.rule: each for each in evaluate(uow, desk.site, desk.moment)}[rule]
    assert isinstance(found, Evaluation)
    assert found.zh
    assert found.en
    return found.verdict


def change(desk: FaceDesk, model: type[Base], **values: Any) -> None:
    """Change every row of a table, as somebody with the database might."""
    with desk.writing() as uow:
        uow.session.execute(update(model).values(**values))
        uow.commit()


def add(desk: FaceDesk, *rows: Base) -> None:
    """Add rows."""
    with desk.writing() as uow:
        for row in rows:
            uow.session.merge(row)
        uow.commit()


def heartbeat(desk: FaceDesk, *, counts: dict[str, int] | None = None, **methods: str) -> None:
    """Let both gates have said how their ways are just now."""
    ways = {"qr": "ready", "fob": "ready", "guard": "ready", "face": "ready"} | methods
    for gate in (SOUTH, NORTH):
        row = GatePresenceRow(
            gate=gate,
            boot_id=b"b" * 16,
            boot_counter=1,
            mono_ms=1,
            heard_at_ms=desk.moment.utc_ms,
            heard_mono_ms=1,
            online=True,
            clock_level=0,
            epoch=7,
            size=0,
            root=b"",
            adapter_kind="real",
            reads={},
            documents={},
            doors={},
            methods=ways,
            face=counts,
            face_state="ready",
        )
        add(desk, row)


def month(desk: FaceDesk, when: str, way: str, *counted: int, ppm: int = 1_000_000) -> None:
    """Set what was counted at both doors: openings, median, p95, first tries, of them granted."""
    granted, median, p95, tries, first = counted
    for place in ("door-south-in", "door-north-in"):
        numbers = [granted, granted, tries, first, 0, median, p95, p95, 900, 1000]
        row = ParityCellRow(
            month=when,
            access_point=place,
            method=way,
            counted=numbers,
            availability_ppm=ppm,
            computed_at_ms=desk.moment.utc_ms,
        )
        add(desk, row)
