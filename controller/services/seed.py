"""Make the example compound 同行苑: two gates, 20 dwellings, residents of all kinds, staff.

What is returned holds secrets (PINs, passwords, pass texts, guards' keys): it exists for the demo,
for tests and for the person at the keyboard, and is stored nowhere else.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.cards import Card
from controller.domain.moment import DAY_MS, Moment
from controller.domain.passes import VisitorTerms
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services import credentials, passes
from controller.services.access import ensure_plan
from controller.services.credentials import FobDraft
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_guardian,
    add_holder,
    add_residence,
)
from controller.services.keys import ensure_keys
from controller.services.passes import VisitorDraft
from controller.services.pins import NewPin
from controller.services.seed_gates import IN_SOUTH, RESIDENT_LEVELS, SOUTH, seed_gates
from controller.services.seed_people import Invented, invent
from controller.services.site import Site
from controller.services.staff import StaffDraft, add_staff
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role, WindowRecord

__all__ = ["SeedPerson", "SeedResult", "SeedStaff", "seed_compound"]

_WEEKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class SeedStaff:
    """A staff account of the example with everything needed to sign in and to sign on."""

    id: bytes
    login: str
    password: str
    role: Role
    card: Card | None
    pin: str
    own_key_seed: bytes

    def __repr__(self) -> str:
        return f"SeedStaff({self.login})"


@dataclass(frozen=True, slots=True)
class SeedPerson:
    """A resident of the example: who it is, and the credentials with their secrets."""

    key: str
    name: str
    dwelling: str
    holder: bytes
    card: Card | None = None
    fob: bytes = b""
    phone: bytes = b""
    paper: passes.IssuedPass | None = None
    pin: NewPin | None = None

    def __repr__(self) -> str:
        return f"SeedPerson({self.key or 'resident'})"


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The example compound. `lost_card` is a fob that was reported lost and must be refused."""

    people: tuple[SeedPerson, ...]
    staff: tuple[SeedStaff, ...]
    visitor: passes.IssuedPass
    carer: passes.IssuedPass
    courier: passes.IssuedPass
    lost_card: Card

    def person(self, key: str) -> SeedPerson:
        """Return one with a part: elder, owner, father, child, tenant, lost, leaver."""
        return next(person for person in self.people if person.key == key)

    def with_role(self, role: Role) -> SeedStaff:
        """Return the first staff member with a role."""
        return next(person for person in self.staff if person.role is role)


def seed_compound(
    uow: UnitOfWork,
    site: Site,
    moment: Moment,
    *,
    seed: int = 1,
    gate_keys: Mapping[str, bytes] | None = None,
) -> SeedResult:
    """Fill an empty database; the caller commits.

    `gate_keys` are the public keys of gates that exist already. Raises RefusedError(`conflict`) if
    there is a gate, so that nobody seeds a real compound.
    """
    if uow.session.scalar(select(GateRow.name).limit(1)) is not None:
        raise Refusal(ReasonCode.CONFLICT, "SE-01", detail="not empty").as_error()
    ensure_keys(uow, site, moment)
    seed_gates(uow, moment, gate_keys or {})
    staff = _staff(uow, moment)
    manager = Actor(next(each.id for each in staff if each.role is Role.MANAGER), Role.MANAGER)
    invented = invent(seed, site.today(moment))
    people = tuple(_settle(uow, site, manager, person, moment) for person in invented)
    by_key = {person.key: person for person in people if person.key}
    for guardian in ("owner", "father"):
        child = by_key["child"].holder
        add_guardian(uow, child, by_key[guardian].holder, site.today(moment))
    lost = by_key["lost"]
    ended = credentials.report_lost(uow, site, manager, lost.fob, moment)
    people = tuple(
        SeedPerson(lost.key, lost.name, lost.dwelling, lost.holder, paper=ended.paper)
        if person is lost
        else person
        for person in people
    )
    guests = _guests(uow, site, manager, by_key["owner"], moment)
    return SeedResult(people, staff, *guests, lost.card or Card(0, 32))


def _staff(uow: UnitOfWork, moment: Moment) -> tuple[SeedStaff, ...]:
    rows = (
        ("manager", "沈经理", Role.MANAGER, None),
        ("guard1", "赵师傅", Role.GUARD, Card(0x51A00001, 32)),
        ("guard2", "钱师傅", Role.GUARD, Card(0x51A00002, 32)),
        ("inspector", "检查员", Role.INSPECTOR, None),
        ("installer", "安装员", Role.INSTALLER, Card(0x51A00003, 32)),
    )
    made: list[SeedStaff] = []
    for login, name, role, card in rows:
        actor = Actor(made[0].id, Role.MANAGER) if made else None
        pin = f"{secrets.randbelow(10**6):06}" if card else ""
        own_seed, password = secrets.token_bytes(32), secrets.token_urlsafe(12)
        public_key = Ed25519Signer.from_seed(own_seed).public_key
        draft = StaffDraft(login, name, role, password, card, pin, public_key)
        id_ = add_staff(uow, actor, draft, moment)
        made.append(SeedStaff(id_, login, password, role, card, pin, own_seed))
    return tuple(made)


def _settle(
    uow: UnitOfWork, site: Site, manager: Actor, invented: Invented, moment: Moment
) -> SeedPerson:
    """Register one resident with everything that he or she carries."""
    draft = HolderDraft(
        invented.name,
        adult_from=invented.adult_from,
        longer_opening=invented.longer_opening,
    )
    holder = add_holder(uow, draft, moment)
    days = invented.lease_days
    until_ms = None if days is None else moment.utc_ms + days * DAY_MS
    home = add_dwelling(uow, invented.dwelling)
    add_residence(uow, holder, home, invented.relation, moment, until_ms=until_ms)
    levels, means = RESIDENT_LEVELS, invented.means
    card, fob, pin, paper, phone = None, b"", None, None, b""
    if means.fob:
        card = Card(invented.fob_number, 32)
        fob_draft = FobDraft(holder, card.value, levels, card.length)
        fob = credentials.enrol_fob(uow, manager, fob_draft, moment)
    if means.paper:
        paper = passes.issue_paper(uow, site, manager, holder, levels=levels, moment=moment)
    if means.phone:
        phone = passes.open_phone(uow, holder, levels, moment)
    if means.pin:
        _, pin = credentials.issue_pin(uow, manager, holder, levels, moment)
    return SeedPerson(
        invented.key, invented.name, invented.dwelling, holder, card, fob, phone, paper, pin
    )


def _guests(
    uow: UnitOfWork, site: Site, manager: Actor, host: SeedPerson, moment: Moment
) -> tuple[passes.IssuedPass, passes.IssuedPass, passes.IssuedPass]:
    """Issue a guest's pass, a carer's for Monday, Wednesday, Friday, and a courier's (I09, I11)."""
    home = add_dwelling(uow, host.dwelling)
    day = (moment.utc_s, moment.utc_s + 86_400)
    quarter = (moment.utc_s, moment.utc_s + 90 * 86_400)
    carer_plan = ensure_plan(uow, (WindowRecord((0, 2, 4), 8 * 60, 12 * 60),), IN_SOUTH)
    courier_plan = ensure_plan(uow, (WindowRecord(_WEEKDAYS, 8 * 60, 20 * 60),), IN_SOUTH)
    rows = (
        ("客人", RESIDENT_LEVELS, VisitorTerms(*day, 2, 0, SOUTH), home, host.holder, ""),
        ("护工", (carer_plan,), VisitorTerms(*quarter, 0), home, None, "照护"),
        ("快递员", (courier_plan,), VisitorTerms(*quarter, 0), None, None, "顺路快递"),
    )
    issued = []
    for name, levels, terms, dwelling, guest_of, label in rows:
        holder = add_holder(uow, HolderDraft(name, HolderKind.VISITOR), moment)
        draft = VisitorDraft(holder, levels, terms, dwelling, guest_of, label)
        issued.append(passes.issue_visitor(uow, site, manager, draft, moment))
    return issued[0], issued[1], issued[2]
