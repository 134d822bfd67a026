"""A small compound for simulations: two gates, their doors, residents, a manager, passes.

The database is filled once in a process and copied for every run. Keys and ids are fixed, because
a simulation repeats; nothing here may be used outside of one. The copy is a file, because services
use several connections at a time; it is not synchronised, because this machine does not lose power.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from controller.domain.keys import AHEAD_MS, SIGNS_FOR_MS, SITE_SCOPES, believed_after_ms
from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.access import save_level, save_schedule
from controller.services.document_store import chunks_from, current
from controller.services.documents import compile_all
from controller.services.gates import add_gate, enrol_gate_key, save_access_point, save_portal
from controller.services.keys import signer_for, trust_anchor
from controller.services.ports import MemoryKeystore
from controller.services.site import Site
from controller.storage.base import Base
from controller.storage.engine import make_engine
from controller.storage.models import CredentialRow, HolderRow, SiteKeyRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from edge.domain.card_formats import CardBits
from equalgate.simulation.world import START_UTC_MS
from mqtt.contract import codec
from mqtt.contract.documents import Chunk, Held
from mqtt.contract.entry_pass import EntryPass, PassKind, gate_tag, issue, site_tag
from mqtt.contract.envelope import Ed25519Signer, Signer, key_id
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import SiteId
from mqtt.contract.records import (
    AccessPointRecord,
    GrantRecord,
    KeyScope,
    PortalRecord,
    Role,
    ScheduleRecord,
)
from mqtt.contract.topics import DocumentName

__all__ = [
    "FOBS",
    "GATES",
    "SITE",
    "Compound",
    "card_of",
    "fob_row",
    "gate_signer",
    "open_compound",
    "portals_of",
    "template",
]

SITE = SiteId("tongxing")
GATES = ("gate-east", "gate-west")
FOBS = 12
"""Residents at the start; resident n has fob n and paper pass n."""

_MANAGER = b"manager1"
_DAY_MS = 86_400_000
_UNTIL_MS = START_UTC_MS + 400 * _DAY_MS
_MADE = Moment(START_UTC_MS - 60_000, 0)


def portals_of(gate: str) -> tuple[str, str, str]:
    """Name a gate's doors: for residents, for visitors, for remote opening only."""
    side = gate.removeprefix("gate-")
    return f"{side}-main", f"{side}-visit", f"{side}-remote"


def gate_signer(gate: str) -> Signer:
    """Return the key of a gate."""
    return Ed25519Signer.from_seed(_seed(gate))


def card_of(number: int) -> CardBits:
    """Return the card of fob `number`."""
    return CardBits(0x10_0000 + number, 24)


def fob_row(number: int, moment: Moment) -> CredentialRow:
    """Return the row of fob `number` of resident `number`."""
    card = card_of(number)
    return CredentialRow(
        id=_id("fob", number),
        holder_id=_id("who", number),
        carrier="fob",
        levels=("residents",),
        valid_from_ms=moment.utc_ms - _DAY_MS,
        valid_until_ms=_UNTIL_MS,
        card_value=f"{card.value:X}",
        card_length=card.length,
        created_at_ms=moment.utc_ms,
    )


@dataclass(frozen=True, slots=True)
class Compound:
    """One run's database with what is needed to work with it.

    `installed` are the documents of each gate as the database holds them at first.
    """

    engine: Engine
    site: Site
    manager: Actor
    trust: Mapping[bytes, bytes]
    signers: Mapping[KeyScope, Signer]
    installed: Mapping[str, Mapping[DocumentName, Held]]

    def fob_id(self, number: int) -> bytes:
        """Return the credential id of fob `number`."""
        return _id("fob", number)

    def paper_id(self, number: int) -> bytes:
        """Return the credential id of paper pass `number`."""
        return _id("paper", number)

    def paper(self, number: int) -> str:
        """Return the text of resident `number`'s paper pass."""
        start_s = START_UTC_MS // 1000 - 3600
        pass_ = EntryPass(
            PassKind.PAPER,
            site_tag(SITE),
            _id("paper-pass", number),
            _id("paper", number),
            start_s,
            start_s + 180 * 86_400,
        )
        return issue(pass_, self.signers[KeyScope.PAPER_PASS])

    def visitor(self, number: int, uses: int, home: str) -> tuple[bytes, str]:
        """Return id and text of a visitor's pass with counted uses and a home gate."""
        start_s = START_UTC_MS // 1000 - 3600
        id_ = _id("visitor-pass", number)
        pass_ = EntryPass(
            PassKind.VISITOR,
            site_tag(SITE),
            id_,
            _id("visitor", number),
            start_s,
            start_s + 2 * 86_400,
            uses=uses,
            home_gate_tag=gate_tag(SITE, home),
        )
        return id_, issue(pass_, self.signers[KeyScope.VISITOR_PASS])


@dataclass(frozen=True, slots=True)
class _Template:
    database: sqlite3.Connection
    site: Site
    trust: Mapping[bytes, bytes]
    signers: Mapping[KeyScope, Signer]
    installed: Mapping[str, Mapping[DocumentName, Held]]


def open_compound(folder: Path) -> Compound:
    """Return a fresh copy of the compound, with its database in an empty folder."""
    made = template()
    engine = make_engine(f"sqlite:///{folder}/controller.db")
    event.listen(engine, "connect", _without_sync)
    made.database.backup(_raw(engine))
    manager = Actor(_MANAGER, Role.MANAGER)
    return Compound(engine, made.site, manager, made.trust, made.signers, made.installed)


@cache
def template() -> _Template:
    """Build the compound, once in a process."""
    engine = make_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    site = Site(SITE, "Asia/Shanghai", MemoryKeystore())
    with UnitOfWork(engine) as uow:
        _add_keys(uow, site)
        _add_gates(uow)
        _add_people(uow)
        compile_all(uow, site, _MADE)
        signers = {scope: signer_for(uow, site, scope, _MADE) for scope in SITE_SCOPES}
        trust = trust_anchor(uow, _MADE)
        installed = {gate: _installed(uow, gate) for gate in GATES}
        uow.commit()
    return _Template(_raw(engine), site, trust, signers, installed)


def _installed(uow: UnitOfWork, gate: str) -> dict[DocumentName, Held]:
    found = {}
    for each in current(uow, gate):
        chunks = [codec.decode(raw, Chunk) for raw in chunks_from(uow, each, 0, b"")]
        records = {key: record for chunk in chunks for key, record in chunk.puts}
        found[each.name] = Held(each.version, each.digest, records)
    return found


def _without_sync(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.cursor().execute("PRAGMA synchronous=OFF")


def _raw(engine: Engine) -> sqlite3.Connection:
    connection = engine.raw_connection().driver_connection
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError("not a connection of the sqlite3 module")
    return connection


def _add_keys(uow: UnitOfWork, site: Site) -> None:
    for number, scope in enumerate((*SITE_SCOPES, KeyScope.DOCUMENT)):
        public_key = site.keystore.add(_seed(f"key {number}"))
        sign_until_ms = _MADE.utc_ms + SIGNS_FOR_MS
        row = SiteKeyRow(
            kid=key_id(public_key),
            public_key=public_key,
            scopes=(scope.value,),
            not_before_ms=_MADE.utc_ms - AHEAD_MS - _DAY_MS,
            sign_until_ms=sign_until_ms,
            not_after_ms=sign_until_ms + believed_after_ms(scope),
            created_at_ms=_MADE.utc_ms,
        )
        uow.session.add(row)
    uow.session.flush()


def _add_gates(uow: UnitOfWork) -> None:
    points = []
    for gate in GATES:
        add_gate(uow, gate, _MADE)
        enrol_gate_key(uow, gate, gate_signer(gate).public_key)
        for portal in portals_of(gate):
            save_portal(uow, gate, portal, PortalRecord())
            methods = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)
            save_access_point(uow, f"{portal}-in", AccessPointRecord(portal, Direction.IN, methods))
            points.append(f"{portal}-in")
    save_schedule(uow, "always", ScheduleRecord(always=True))
    save_level(uow, "residents", (GrantRecord(tuple(points), "always"),))


def _add_people(uow: UnitOfWork) -> None:
    for number in range(1, FOBS + 20):
        name = f"住户{number}"
        holder = HolderRow(
            id=_id("who", number), kind="resident", name=name, created_at_ms=_MADE.utc_ms
        )
        uow.session.add(holder)
    uow.session.flush()
    for number in range(1, FOBS + 1):
        paper = fob_row(number, _MADE)
        paper.id, paper.carrier = _id("paper", number), "paper"
        paper.card_value, paper.card_length = "", 0
        uow.session.add_all([fob_row(number, _MADE), paper])
    manager = StaffRow(
        id=_MANAGER,
        login="manager",
        name="经理",
        role=Role.MANAGER.value,
        valid_until_ms=_UNTIL_MS,
        created_at_ms=_MADE.utc_ms,
    )
    uow.session.add(manager)
    uow.session.flush()


def _id(kind: str, number: int) -> bytes:
    return hashlib.sha256(f"simulated {kind} {number}".encode()).digest()[:8]


def _seed(name: str) -> bytes:
    return hashlib.sha256(f"simulated {name}".encode()).digest()
