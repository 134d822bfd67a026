"""A compound with face at both gates, and gates that say yes, no, enrolled and erased."""

from dataclasses import dataclass, field

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services import credentials
from controller.services.compiling import Compiled, compile_gates
from controller.services.consent import reserve
from controller.services.credentials import FobDraft
from controller.services.face_events import learn_face
from controller.services.face_upkeep import keep_face
from controller.services.gates import gate_names
from controller.services.seed_face import seed_face
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.consents import Consents, read_consents
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.support.compound import (
    GATE_KEYS,
    NOW,
    RESIDENTS,
    Compound,
    add_resident,
    build_compound,
    later,
)
from tests.support.gate_events import Recorder, Said

__all__ = ["NORTH", "POINTS", "SOUTH", "SYSTEM", "FaceDesk", "Resident", "open_face_desk"]

SOUTH, NORTH = "gate-south", "gate-north"
POINTS = frozenset({"door-south-in", "door-north-in"})
SYSTEM = Actor(bytes(8))


@dataclass(frozen=True)
class Resident:
    """Somebody with a fob."""

    holder: bytes
    fob: bytes

    @property
    def actor(self) -> Actor:
        return Actor(self.holder)


@dataclass
class FaceDesk:
    """The compound, its gates' logs and the clock."""

    engine: Engine
    home: Compound
    core: IngestCore
    moment: Moment = NOW
    seqs: dict[str, int] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return self.home.site

    def move(self, ms: int) -> None:
        self.moment = later(ms, self.moment)

    def reading(self) -> UnitOfWork:
        return UnitOfWork(self.engine, writes=False)

    def writing(self) -> UnitOfWork:
        return UnitOfWork(self.engine)

    def resident(self, number: int = 5, *, days: int | None = None) -> Resident:
        with self.writing() as uow:
            holder = add_resident(uow, "张三", days=days)
            draft = FobDraft(holder, number, RESIDENTS)
            fob = credentials.enrol_fob(uow, self.home.manager, draft, self.moment)
            uow.commit()
        return Resident(holder, fob)

    def wish(self, who: Resident, points: frozenset[str] = POINTS) -> None:
        with self.writing() as uow:
            reserve(uow, self.site, who.actor, who.holder, points, moment=self.moment)
            uow.commit()

    def say(
        self,
        gate: str,
        kind: EventKind,
        reason: ReasonCode,
        person: Personal,
        *,
        at: Moment | None = None,
        learns: bool = True,
    ) -> int:
        """Let a gate record one event about face and send it; return its number."""
        seq = self.seqs.get(gate, 0)
        self.seqs[gate] = seq + 1
        recorder = Recorder(gate, signer=GATE_KEYS[gate])
        at_s = (at or self.moment).utc_s
        said = Said(kind, Method.FACE, Outcome.OBSERVED, reason, at_s, person)
        self.core.take([recorder.batch(seq, said)], self.moment)
        if learns:
            self.learn()
        return seq

    def learn(self) -> None:
        with self.writing() as uow:
            learn_face(uow, self.site, self.moment)
            uow.commit()

    def yes(self, who: Resident, gate: str = SOUTH, *, at: Moment | None = None) -> int:
        person = Personal(holder=who.holder, credential=who.fob)
        return self.say(gate, EventKind.CONSENT, ReasonCode.CONSENT_GIVEN, person, at=at)

    def no(self, who: Resident, gate: str = SOUTH) -> None:
        person = Personal(holder=who.holder, credential=who.fob)
        self.say(gate, EventKind.CONSENT, ReasonCode.CONSENT_DECLINED, person)

    def enrolled(self, who: Resident, gate: str = SOUTH) -> None:
        self.say(gate, EventKind.FACE, ReasonCode.ENROLLED, Personal(holder=who.holder))

    def erased(
        self, who: Resident, gate: str = SOUTH, note: str = "", *, at: Moment | None = None
    ) -> None:
        person = Personal(holder=who.holder, note=note)
        self.say(gate, EventKind.ERASURE, ReasonCode.FACE_ERASED, person, at=at)

    def opt_in(self, who: Resident, *gates: str) -> None:
        self.wish(who)
        for gate in gates or (SOUTH, NORTH):
            self.yes(who, gate)
            self.enrolled(who, gate)

    def house(self) -> None:
        with self.writing() as uow:
            keep_face(uow, SYSTEM, self.moment)
            uow.commit()

    def compiled(self) -> dict[str, Compiled]:
        with self.reading() as uow:
            return compile_gates(uow, self.site, gate_names(uow), self.moment)

    def told(self, gate: str = SOUTH) -> Consents:
        """Return what a gate would be told now."""
        return read_consents(self.compiled()[gate][DocumentName.LEASES])


def open_face_desk(engine: Engine) -> FaceDesk:
    """Build the compound with face at both gates; nobody has opted in."""
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        seed_face(uow, home.site, home.manager, tuple(sorted(POINTS)), moment=NOW)
        uow.commit()
    return FaceDesk(engine, home, IngestCore(engine, home.site))
