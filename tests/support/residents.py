"""Let residents of the example compound have face, records and slips, as gates and desk do it."""

from controller.domain.roles import Actor
from controller.ingest.core import IngestCore
from controller.services.face_events import learn_face
from controller.services.records import index_passages
from controller.services.seed_face import seed_face
from controller.services.seed_gates import RESIDENT_LEVELS
from controller.services.slips import issue_login_slip
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import GATE_KEYS
from tests.support.gate_events import Recorder, Said
from tests.support.web_app import Office

__all__ = ["Gates", "fit_face", "manager_of", "slip_of"]

_POINTS = {"gate-south": "south-in", "gate-north": "north-in"}


def manager_of(office: Office) -> Actor:
    return Actor(office.seed.with_role(Role.MANAGER).id, Role.MANAGER)


def slip_of(office: Office, name: str) -> str:
    """Print a login slip for a person of the example compound."""
    with UnitOfWork(office.engine) as uow:
        holder = office.seed.person(name).holder
        code = issue_login_slip(uow, manager_of(office), holder, RESIDENT_LEVELS, office.clock())
        uow.commit()
    return code


def fit_face(office: Office) -> None:
    """Fit face at both gates; nobody has opted in."""
    with UnitOfWork(office.engine) as uow:
        points = tuple(sorted(_POINTS.values()))
        seed_face(uow, office.site, manager_of(office), points, moment=office.clock())
        uow.commit()


class Gates:
    """Both gates of the office, saying what real ones would."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._core = IngestCore(office.engine, office.site)
        self._seqs = dict.fromkeys(_POINTS, 0)

    def say(self, gate: str, said: Said) -> None:
        seq = self._seqs[gate]
        self._seqs[gate] = seq + 1
        recorder = Recorder(gate, access_point=_POINTS[gate], signer=GATE_KEYS[gate])
        self._core.take([recorder.batch(seq, said)], self._office.clock())
        with UnitOfWork(self._office.engine) as uow:
            learn_face(uow, self._office.site, self._office.clock())
            index_passages(uow)
            uow.commit()

    def pass_by(
        self, name: str, *, outcome: Outcome = Outcome.GRANTED, gate: str = "gate-south"
    ) -> None:
        """Let somebody be let in, or refused, by fob."""
        person = self._office.seed.person(name)
        reason = ReasonCode.GRANTED if outcome is Outcome.GRANTED else ReasonCode.REVOKED
        at_s = self._office.clock().utc_s
        who = Personal(person.holder, person.fob)
        self.say(gate, Said(EventKind.DECISION, Method.FOB, outcome, reason, at_s, who))

    def opt_in(self, name: str) -> None:
        """Give the yes and enrol, at both gates."""
        person = self._office.seed.person(name)
        for gate in _POINTS:
            yes = Personal(person.holder, person.fob)
            self._face(gate, EventKind.CONSENT, ReasonCode.CONSENT_GIVEN, yes)
            self._face(gate, EventKind.FACE, ReasonCode.ENROLLED, Personal(person.holder))

    def erase(self, name: str, gate: str) -> None:
        """Sign the receipt that everything of a person is erased."""
        who = Personal(self._office.seed.person(name).holder)
        self._face(gate, EventKind.ERASURE, ReasonCode.FACE_ERASED, who)

    def _face(self, gate: str, kind: EventKind, reason: ReasonCode, who: Personal) -> None:
        at_s = self._office.clock().utc_s
        self.say(gate, Said(kind, Method.FACE, Outcome.OBSERVED, reason, at_s, who))
