"""Keep the register of every controlled point of the compound, foreign equipment too.

What EqualGate does not control gets no verdict but NOT COVERED, and is counted where everybody
sees it: a report about our gates says nothing about the lift.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.storage.models import AccessPointRow, ControlledPointRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "FOREIGN_WAYS",
    "KINDS",
    "Covered",
    "PointDraft",
    "add_point",
    "count_points",
    "end_point",
    "points",
]

KINDS = ("gate", "unit_door", "lift", "gym", "garage", "other")
FOREIGN_WAYS = ("qr", "fob", "guard", "pin", "face", "fingerprint", "plate", "key", "open")
"""What foreign equipment may ask for. Fingerprints and plates are never counted as ways (NS-06)."""

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class PointDraft:
    """A point to register. `access_point` names ours, else it is somebody else's equipment."""

    title: str
    kind: str
    place: str = ""
    operator: str = ""
    access_point: str | None = None
    ways: tuple[str, ...] = ()
    photo_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Covered:
    """How many points there are, how many of them are ours, and how many ask for a face only."""

    total: int
    ours: int
    foreign: int
    foreign_face_only: int
    unlisted: tuple[str, ...]


def add_point(uow: UnitOfWork, actor: Actor, draft: PointDraft, moment: Moment) -> int:
    """Register a point. Raises RefusedError: `role_not_allowed`, `config_invalid`, `conflict`."""
    need_act(actor, Act.EDIT_GATES)
    is_known = draft.kind in KINDS and set(draft.ways) <= set(FOREIGN_WAYS)
    has_photo = len(draft.photo_hash) in {0, _HASH_BYTES}
    if not (draft.title.strip() and is_known and has_photo):
        raise Refusal(ReasonCode.CONFIG_INVALID, "RE-01", detail="point").as_error()
    if draft.access_point is None and not draft.ways:
        raise Refusal(ReasonCode.CONFIG_INVALID, "RE-01", detail="ways").as_error()
    if draft.access_point is not None:
        uow.need(AccessPointRow, draft.access_point)
        if draft.access_point in {row.access_point for row in points(uow)}:
            raise Refusal(ReasonCode.CONFLICT, "RE-01", detail="access_point").as_error()
    row = ControlledPointRow(
        title=draft.title.strip(),
        kind=draft.kind,
        place=draft.place.strip(),
        operator=draft.operator.strip(),
        access_point=draft.access_point,
        ways=draft.ways,
        photo_hash=draft.photo_hash,
        photo_at_ms=moment.utc_ms if draft.photo_hash else None,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
    )
    uow.session.add(row)
    uow.session.flush()
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"point {row.id}")
    return row.id


def end_point(uow: UnitOfWork, actor: Actor, point: int, moment: Moment) -> None:
    """Take a point off the register, for equipment that was removed; the row is kept."""
    need_act(actor, Act.EDIT_GATES)
    uow.need(ControlledPointRow, point).ended_at_ms = moment.utc_ms
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"point {point} removed")
    uow.session.flush()


def points(uow: UnitOfWork) -> tuple[ControlledPointRow, ...]:
    """Return the points that stand, in the order of kind and title."""
    found = select(ControlledPointRow).where(ControlledPointRow.ended_at_ms.is_(None))
    order = ControlledPointRow.kind, ControlledPointRow.title
    return tuple(uow.session.scalars(found.order_by(*order)))


def count_points(uow: UnitOfWork) -> Covered:
    """Count the register; every access point of ours counts, listed by hand or not."""
    ours = {row.name: row.title for row in uow.session.scalars(select(AccessPointRow))}
    listed = points(uow)
    foreign = [row for row in listed if row.access_point is None]
    face_only = [row for row in foreign if "face" in row.ways and not _opens_without_face(row)]
    named = {row.access_point for row in listed}
    return Covered(
        len(ours) + len(foreign),
        len(ours),
        len(foreign),
        len(face_only),
        tuple(sorted(title for name, title in ours.items() if name not in named)),
    )


def _opens_without_face(row: ControlledPointRow) -> bool:
    return bool({"qr", "fob", "pin", "key", "guard", "open"} & set(row.ways))
