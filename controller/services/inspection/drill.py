"""Open, reveal and close drills and walk tests.

A drill's credentials are issued like residents', with residents' levels and lifetimes, so that a
gate cannot tell them apart. Which ones they are is written down with a salt before anything is
played, and only the hash of that list is published; afterwards the list is revealed and anybody can
compare. Credentials end when the visit is closed.
"""

import secrets
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.cards import Card
from controller.domain.credentials import Carrier, EndReason
from controller.domain.moment import DAY_MS, HOUR_MS, Moment
from controller.domain.passes import PAPER_S
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.access import level_access_points
from controller.services.acts import need_act, record_act
from controller.services.gates import card_formats_at
from controller.services.holders import HolderDraft, add_holder
from controller.services.logbook.control import append
from controller.services.pass_signing import IssuedPass, issue_new
from controller.services.register import LIFE_MS, Draft, active_rows, begin, end_row
from controller.services.site import Site, new_pseudonym
from controller.storage.models import (
    AccessPointRow,
    CredentialRow,
    GatePresenceRow,
    InspectionRow,
    InspectionStepRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.control_log import ControlKind
from mqtt.contract.drill import DRILL_LIST_VERSION, DrillList, list_hash
from mqtt.contract.reasons import ReasonCode

__all__ = ["WAYS", "Drill", "close_drill", "list_of", "open_drill", "open_walk", "reveal"]

WAYS = ("qr", "fob", "guard", "face")
"""The four ways in their fixed order."""

VISIT_MS = 8 * HOUR_MS
WALK_TRIES = 3
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Drill:
    """What an inspector takes along; pass text and card exist here once and are stored nowhere."""

    id: bytes
    list_hash: bytes
    paper: IssuedPass
    card: Card

    def __repr__(self) -> str:
        return f"Drill({self.list_hash.hex()[:8]})"


def open_drill(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    points: tuple[str, ...],
    *,
    moment: Moment,
    card: Card | None = None,
) -> Drill:
    """Begin a drill at these access points: each fitted way is to be played once.

    `card` is a blank fob that the inspector brought; without one a free number is drawn, for
    simulated readers. Raises RefusedError: `role_not_allowed`, `not_found`, `no_access_level`,
    `already_assigned`.
    """
    until_ms = moment.utc_ms + LIFE_MS
    return _open(uow, site, actor, "drill", points, moment=moment, card=card, until_ms=until_ms)


def open_walk(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    points: tuple[str, ...],
    *,
    moment: Moment,
    card: Card | None = None,
) -> Drill:
    """Begin a walk test: own paper pass and fob for the visit (8 h), three tries of each way."""
    until_ms = moment.utc_ms + VISIT_MS
    return _open(uow, site, actor, "walk", points, moment=moment, card=card, until_ms=until_ms)


def reveal(uow: UnitOfWork, actor: Actor, inspection: bytes, moment: Moment) -> bytes:
    """Publish the list of a visit's credentials and return it; its hash is known from before."""
    need_act(actor, Act.INSPECT)
    row = uow.need(InspectionRow, inspection)
    if row.revealed_at_ms is None:
        row.revealed_at_ms = moment.utc_ms
        append(
            uow, moment, ControlKind.DRILL, drill=row.id, step="revealed", list=bytes(row.list_body)
        )
        uow.session.flush()
    return row.list_body


def close_drill(uow: UnitOfWork, actor: Actor, inspection: bytes, moment: Moment) -> InspectionRow:
    """End the visit: its credentials end, the counters are read again, the result is logged."""
    need_act(actor, Act.INSPECT)
    row = uow.need(InspectionRow, inspection)
    if row.closed_at_ms is not None:
        return row
    reveal(uow, actor, inspection, moment)
    for credential in active_rows(uow, row.holder_id, moment):
        end_row(uow, credential, EndReason.RETURNED, actor, moment)
    row.closed_at_ms, row.after = moment.utc_ms, face_counters(uow, row.access_points)
    steps = uow.session.scalars(
        select(InspectionStepRow).where(InspectionStepRow.inspection_id == row.id)
    ).all()
    append(
        uow,
        moment,
        ControlKind.DRILL,
        drill=row.id,
        step="closed",
        played=sum(bool(each.outcome) for each in steps),
        planned=len(steps),
        refused=row.refused_rule,
    )
    uow.session.flush()
    return row


def list_of(body: bytes) -> tuple[bytes, ...]:
    """Return the credentials of a list. Raises ContractError for bytes that are none."""
    return codec.decode(body, DrillList).credentials


def face_counters(uow: UnitOfWork, points: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Return the signed face counters of the gates of these access points, as last heard."""
    gates = uow.session.scalars(
        select(PortalRow.gate)
        .join(AccessPointRow, AccessPointRow.portal == PortalRow.name)
        .where(AccessPointRow.name.in_(points))
        .distinct()
    )
    found = {gate: uow.find(GatePresenceRow, gate) for gate in gates}
    return {gate: dict(row.face or {}) for gate, row in found.items() if row is not None}


def _open(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    kind: str,
    points: tuple[str, ...],
    *,
    moment: Moment,
    card: Card | None,
    until_ms: int,
) -> Drill:
    need_act(actor, Act.INSPECT)
    if not points:
        raise Refusal(ReasonCode.NOT_FOUND, "IN-02", detail="access point").as_error()
    for point in points:
        uow.need(AccessPointRow, point)
    levels = _levels_to(uow, frozenset(points), moment)
    # Nobody's name: the page shows "inspection", and gates know pseudonyms only.
    holder = add_holder(uow, HolderDraft("检查", HolderKind.STAFF), moment)
    card = card or _free_card(uow, frozenset(points))
    fob = _fob(uow, holder, levels, card, moment=moment, until_ms=until_ms)
    paper_ms = min(until_ms, moment.utc_ms + PAPER_S * 1000)
    paper_draft = Draft(holder, Carrier.PAPER, levels, moment.utc_ms, paper_ms)
    paper = issue_new(uow, site, begin(uow, paper_draft, moment), moment)
    id_ = new_pseudonym()
    listed = tuple(sorted((fob, paper.credential)))
    salt = secrets.token_bytes(_SALT_BYTES)
    body = codec.encode(DrillList(DRILL_LIST_VERSION, id_, listed, salt))
    row = _row(uow, id_, kind, actor, points, moment=moment, until_ms=until_ms)
    row.holder_id, row.list_hash, row.list_body = holder, list_hash(body), body
    uow.session.add(row)
    uow.session.flush()
    _plan_steps(uow, row, 1 if kind == "drill" else WALK_TRIES)
    record_act(uow, moment, actor, Act.INSPECT, id_, reason=kind)
    _bind(uow, row, moment)
    return Drill(id_, row.list_hash, paper, card)


def _bind(uow: UnitOfWork, row: InspectionRow, moment: Moment) -> None:
    """Put the visit and the hash of its list into the log, before anything is played."""
    row.opened_seq = append(
        uow,
        moment,
        ControlKind.DRILL,
        drill=row.id,
        step="opened",
        kind_of=row.kind,
        points=" ".join(row.access_points),
        list_hash=row.list_hash,
    )
    uow.session.flush()


def _row(
    uow: UnitOfWork,
    id_: bytes,
    kind: str,
    actor: Actor,
    points: tuple[str, ...],
    *,
    moment: Moment,
    until_ms: int,
) -> InspectionRow:
    return InspectionRow(
        id=id_,
        kind=kind,
        inspector=actor.id,
        access_points=points,
        opened_at_ms=moment.utc_ms,
        until_ms=min(until_ms, moment.utc_ms + DAY_MS),
        before=face_counters(uow, points),
        after={},
        refused_rule="",
        refused_witness="",
        opt_out=b"",
        opened_seq=0,
    )


def _plan_steps(uow: UnitOfWork, row: InspectionRow, tries: int) -> None:
    at = 0
    for point in row.access_points:
        fitted = uow.need(AccessPointRow, point).methods
        for way in WAYS:
            if way not in fitted or (row.kind == "walk" and way == "face"):
                continue
            for _ in range(tries):
                step = InspectionStepRow(inspection_id=row.id, at=at, access_point=point, way=way)
                uow.session.add(step)
                at += 1
    uow.session.flush()


def _levels_to(uow: UnitOfWork, points: frozenset[str], moment: Moment) -> tuple[str, ...]:
    """Return the levels that most residents hold and that lead to all of the points."""
    rows = uow.session.scalars(
        select(CredentialRow.levels).where(
            CredentialRow.ended_at_ms.is_(None),
            CredentialRow.valid_until_ms > moment.utc_ms,
            CredentialRow.dwelling_id.is_(None),
        )
    )
    for levels, _ in Counter(rows).most_common():
        if points <= level_access_points(uow, levels).keys():
            return levels
    raise Refusal(ReasonCode.NO_ACCESS_LEVEL, "IN-02").as_error()


def _free_card(uow: UnitOfWork, points: frozenset[str]) -> Card:
    formats = card_formats_at(uow, points)
    bits = min((each.data_bits for each in formats), default=32)
    while True:
        card = Card(secrets.randbits(bits - 1) | 1, bits)
        if not _is_taken(uow, card):
            return card


def _is_taken(uow: UnitOfWork, card: Card) -> bool:
    found = select(CredentialRow.id).where(
        CredentialRow.card_value == card.stored,
        CredentialRow.card_length == card.length,
        CredentialRow.ended_at_ms.is_(None),
    )
    return uow.session.scalar(found.limit(1)) is not None


def _fob(
    uow: UnitOfWork,
    holder: bytes,
    levels: tuple[str, ...],
    card: Card,
    *,
    moment: Moment,
    until_ms: int,
) -> bytes:
    if _is_taken(uow, card):
        raise Refusal(ReasonCode.ALREADY_ASSIGNED, "CR-04").as_error()
    row = begin(uow, Draft(holder, Carrier.FOB, levels, moment.utc_ms, until_ms), moment)
    row.card_value, row.card_length = card.stored, card.length
    uow.session.flush()
    return row.id
