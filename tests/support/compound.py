"""Build a small compound in a database, for tests of the controller's services."""

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from sqlalchemy import Engine

from controller.domain.moment import DAY_MS, Moment
from controller.domain.people import Relation
from controller.domain.roles import Actor
from controller.services.access import save_level, save_schedule
from controller.services.gates import add_gate, enrol_gate_key, save_access_point, save_portal
from controller.services.holders import HolderDraft, add_dwelling, add_holder, add_residence
from controller.services.keys import ensure_keys
from controller.services.ports import MemoryKeystore
from controller.services.site import Site
from controller.storage.models import StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import SiteId
from mqtt.contract.records import (
    AccessPointRecord,
    GrantRecord,
    PortalRecord,
    Role,
    ScheduleRecord,
)

__all__ = ["GATE_KEYS", "NOW", "RESIDENTS", "Compound", "add_resident", "build_compound", "later"]

NOW = Moment(1_795_000_000_000, 5_000_000)
"""2026-11-18 in Asia/Shanghai."""

RESIDENTS = ("residents",)
MANAGER_ID = b"manager1"
GATE_KEYS = {
    "gate-south": Ed25519Signer.from_seed(b"s" * 32),
    "gate-north": Ed25519Signer.from_seed(b"n" * 32),
}


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound with two gates and a manager."""

    site: Site
    manager: Actor


def later(ms: int, since: Moment = NOW) -> Moment:
    """Give the moment `ms` after another."""
    return Moment(since.utc_ms + ms, since.mono_ms + ms)


def build_compound(engine: Engine, card_formats: tuple[str, ...] = ("w34",)) -> Compound:
    """Make keys, two gates with one access point each, and one level for residents."""
    site = Site(SiteId("tongxing"), "Asia/Shanghai", MemoryKeystore())
    with UnitOfWork(engine) as uow:
        ensure_keys(uow, site, NOW)
        for gate, signer in GATE_KEYS.items():
            add_gate(uow, gate, NOW)
            enrol_gate_key(uow, gate, signer.public_key)
            portal = gate.replace("gate", "door")
            save_portal(uow, gate, portal, PortalRecord())
            methods = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)
            point = AccessPointRecord(portal, Direction.IN, methods)
            save_access_point(uow, f"{portal}-in", point, card_formats=card_formats)
        save_schedule(uow, "always", ScheduleRecord(always=True))
        grants = (GrantRecord(("door-south-in", "door-north-in"), "always"),)
        save_level(uow, "residents", grants)
        save_level(uow, "south-only", (GrantRecord(("door-south-in",), "always"),))
        uow.session.add(_manager())
        uow.commit()
    return Compound(site, Actor(MANAGER_ID, Role.MANAGER))


def _manager() -> StaffRow:
    return StaffRow(
        id=MANAGER_ID,
        login="boss",
        name="经理甲",
        role="manager",
        password_hash=_hashed("correct horse battery"),
        valid_until_ms=NOW.utc_ms + 366 * DAY_MS,
        created_at_ms=NOW.utc_ms,
    )


@cache
def _hashed(password: str) -> str:
    return PasswordHasher().hash(password)


def add_resident(
    uow: UnitOfWork,
    name: str,
    dwelling: str = "3-2-502",
    *,
    relation: Relation = Relation.OWNER,
    days: int | None = None,
) -> bytes:
    """Add an adult who lives in a dwelling from now on."""
    holder = add_holder(uow, HolderDraft(name), NOW)
    until_ms = None if days is None else NOW.utc_ms + days * DAY_MS
    home = add_dwelling(uow, dwelling)
    add_residence(uow, holder, home, relation, NOW, until_ms=until_ms)
    return holder
