"""Make a small bundle of two gates' logs, and change it in every way that a test wants."""

import io
from dataclasses import dataclass

from sqlalchemy import Engine

from controller.services.documents import compile_all
from controller.services.evidence import Bundle, Period, make_bundle
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import audit
from mqtt.contract.events import Method, Outcome
from mqtt.contract.reasons import ReasonCode
from tests.support.compound import GATE_KEYS, later
from tests.support.face_desk import NORTH, SOUTH, FaceDesk, open_face_desk
from tests.support.gate_events import Recorder, Said

__all__ = ["EvidenceSite", "open_evidence_site", "plain_report"]

_WAYS = (
    Said(method=Method.FOB),
    Said(method=Method.QR),
    Said(method=Method.QR, outcome=Outcome.DENIED, reason=ReasonCode.REVOKED),
    Said(method=Method.GUARD, reason=ReasonCode.GUARD_RELEASE),
)


WHOLE = Period()


def plain_report(table: dict[str, object], manifest_hash: bytes) -> bytes:
    """Stand for the typesetter where a test looks at everything else."""
    return f"report of {table['site']} {manifest_hash.hex()}".encode()


@dataclass
class EvidenceSite:
    """A compound whose two gates have recorded something and signed where their logs stand."""

    desk: FaceDesk
    each: int

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    def bundle(self, period: Period = WHOLE) -> tuple[bytes, Bundle]:
        """Make a bundle; return its bytes and what was said of it."""
        file = io.BytesIO()
        made = make_bundle(
            self.engine,
            self.desk.site,
            file,
            self.desk.moment,
            title="测试小区",
            render=plain_report,
            period=period,
        )
        return file.getvalue(), made

    def record(self, gate: str, count: int, first: int = 0) -> None:
        """Let a gate record decisions of all ways and send them."""
        recorder = Recorder(gate, signer=GATE_KEYS[gate])
        said = [_WAYS[seq % len(_WAYS)] for seq in range(first, first + count)]
        batches = [recorder.batch(first + at, *said[at : at + 32]) for at in range(0, count, 32)]
        self.desk.core.take(batches, self.desk.moment)

    def sign(self, gate: str, size: int) -> None:
        """Let a gate sign in a heartbeat how far its log goes."""
        recorder = Recorder(gate, signer=GATE_KEYS[gate])
        said = [_WAYS[seq % len(_WAYS)] for seq in range(size)]
        root = audit.root_of(
            audit.leaf_hash(recorder.leaf(seq, one)[0]) for seq, one in enumerate(said)
        )
        self.desk.move(1_000)
        mono_ms = self.desk.moment.mono_ms
        self.desk.core.take([recorder.heartbeat(mono_ms, size=size, root=root)], self.desk.moment)


def open_evidence_site(engine: Engine, each: int = 100) -> EvidenceSite:
    """Build it: `each` records of each gate, all of them below a countersigned checkpoint."""
    site = EvidenceSite(open_face_desk(engine), each)
    with UnitOfWork(engine) as uow:
        compile_all(uow, site.desk.site, site.desk.moment)
        uow.commit()
    for gate in (SOUTH, NORTH):
        recorder = Recorder(gate, signer=GATE_KEYS[gate])
        site.desk.core.take([recorder.birth(site.desk.moment.mono_ms)], site.desk.moment)
        site.record(gate, each)
        site.sign(gate, each)
    site.desk.moment = later(1_000, site.desk.moment)
    return site
