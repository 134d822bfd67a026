"""A controller with two gates, of which the test plays the gates' side of a roll-out."""

from dataclasses import dataclass

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.documents import compile_all
from controller.services.rollout import drafts, running
from controller.services.rollout.drafts import Draft
from controller.services.rollout.history import detail, rollouts
from controller.storage.models import DocumentRecordRow, DocumentRow, GatePresenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.records import PortalRecord
from mqtt.contract.rollout import HealthReport, RolloutRecord, TrialVerdict
from tests.support.compound import NOW, Compound, later

__all__ = ["CANARY", "LONGER", "OTHER", "Desk", "presence"]

BOOT = b"b" * 16
LONGER = {"portal:*": {"unlock_ms": 7_000}}
CANARY, OTHER = "gate-south", "gate-north"


def presence(gate: str, *, online: bool = True) -> GatePresenceRow:
    return GatePresenceRow(
        gate=gate,
        boot_id=BOOT,
        boot_counter=1,
        mono_ms=1,
        heard_at_ms=NOW.utc_ms,
        heard_mono_ms=NOW.mono_ms,
        online=online,
        clock_level=0,
        epoch=1,
        size=0,
        root=b"",
        adapter_kind="simulated",
        reads={},
        documents={},
        doors={},
        methods={},
    )


@dataclass(slots=True)
class Desk:
    engine: Engine
    home: Compound
    at_ms: int = 0

    @property
    def now(self) -> Moment:
        return later(self.at_ms)

    def draft(self, **changes: object) -> int:
        draft = Draft("开门时间 7 秒", LONGER, (CANARY,))
        for name, value in changes.items():
            object.__setattr__(draft, name, value)
        with UnitOfWork(self.engine) as uow:
            row = drafts.make(uow, self.home.site, self.home.manager, draft, self.now)
            uow.commit()
            return row.id

    def start(self, rollout: int, actor: Actor | None = None) -> None:
        with UnitOfWork(self.engine) as uow:
            running.start(uow, actor or self.home.manager, rollout, "慢的人来得及", self.now)
            compile_all(uow, self.home.site, self.now)
            uow.commit()

    def hear(self, gate: str, verdict: TrialVerdict, failed: str = "", mono_ms: int = 0) -> None:
        self.at_ms += 1_000
        with UnitOfWork(self.engine) as uow:
            version = uow.need(DocumentRow, (gate, "config")).version
            checks = {"fire": "ok", **({failed: "fault"} if failed else {})}
            report = HealthReport(
                self.home.site.name,
                gate,
                BOOT,
                mono_ms or self.at_ms,
                version,
                f"r{rollouts(uow)[0].id}",
                verdict,
                checks,
                failed,
                self.at_ms,
                12,
                1,
            )
            running.take_health(uow, report, self.now)
            uow.commit()
        self.advance()

    def advance(self) -> None:
        with UnitOfWork(self.engine) as uow:
            if running.advance(uow, self.home.site, self.now):
                compile_all(uow, self.home.site, self.now)
            uow.commit()

    def unlock_ms(self, gate: str) -> int:
        with UnitOfWork(self.engine, writes=False) as uow:
            key = (gate, "config", f"portal:{gate.replace('gate', 'door')}")
            return codec.decode(uow.need(DocumentRecordRow, key).body, PortalRecord).unlock_ms

    def record(self, gate: str) -> RolloutRecord | None:
        with UnitOfWork(self.engine, writes=False) as uow:
            row = uow.find(DocumentRecordRow, (gate, "config", "rollout"))
            return None if row is None else codec.decode(row.body, RolloutRecord)

    def version(self, gate: str) -> int:
        with UnitOfWork(self.engine, writes=False) as uow:
            return uow.need(DocumentRow, (gate, "config")).version

    def states(self, rollout: int) -> dict[str, str]:
        with UnitOfWork(self.engine, writes=False) as uow:
            found = detail(uow, rollout)
            return {"": found.row.state} | {at.gate: at.state for at in found.gates}
