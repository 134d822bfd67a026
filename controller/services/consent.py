"""Reserve wishes to opt in; a consent itself is made by no function here.

It is made by `face_events` alone, from a gate's signed event of the person's own yes. There is no
way for staff, a vote or a sign to make one (rules CO-03, NO-05, NS-11).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.consent import (
    RESERVED_MS,
    Channel,
    ConsentEnd,
    Wish,
    WishFacts,
    band_of,
    check_wish,
    needs_guardian,
)
from controller.domain.moment import Moment
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.acts import record_act
from controller.services.face_settings import under_14_rules
from controller.services.face_ways import face_points, has_way
from controller.services.holders import guardians_of, lives_here
from controller.services.notices import notice_in_force
from controller.services.site import Site, new_pseudonym
from controller.storage.models import (
    FaceConsentRow,
    FaceRefusalRow,
    FaceReservationRow,
    HolderRow,
    SiteValueRow,
    StaffRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import ENTRY_PURPOSE

__all__ = [
    "Origin",
    "PaperSheet",
    "agree_as_guardian",
    "end_wish",
    "open_wish",
    "prepare_paper",
    "reserve",
    "standing_consents",
    "wish_refusal",
]

_TAG_SALT = "face_tag_salt"
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a wish came from: the device's cookie and the address, kept as keyed hashes only."""

    device: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return "Origin(…)"


@dataclass(frozen=True, slots=True)
class PaperSheet:
    """A signed sheet: SHA-256 of its scan, the second member of staff, a child's guardian."""

    scan_hash: bytes
    witness: bytes
    guardian: bytes | None = None


def reserve(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    points: frozenset[str],
    *,
    moment: Moment,
    origin: Origin | None = None,
) -> FaceReservationRow:
    """Note a wish from a page, by the person, or by a guardian for a child under 14.

    It replaces an open wish. Raises RefusedError with rule and article.
    """
    wish = Wish(holder, actor)
    return _begin(uow, site, wish, points, moment=moment, origin=origin or Origin())


def prepare_paper(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    points: frozenset[str],
    *,
    sheet: PaperSheet,
    moment: Moment,
) -> FaceReservationRow:
    """Prepare a paper consent; it takes effect only by the person's own fob or pass at the gate.

    Raises RefusedError with rule and article.
    """
    if sheet.witness and uow.find(StaffRow, sheet.witness) is None:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "CO-03", detail="witness").as_error()
    wish = Wish(holder, actor, Channel.PAPER, sheet.scan_hash, sheet.witness)
    row = _begin(uow, site, wish, points, moment=moment, origin=Origin())
    row.paper_hash, row.witness = sheet.scan_hash, sheet.witness
    if sheet.guardian is not None:
        _agree(uow, site, row, sheet.guardian, moment)
    record_act(uow, moment, actor, Act.PREPARE_CONSENT, holder)
    uow.session.flush()
    return row


def wish_refusal(
    uow: UnitOfWork, site: Site, wish: Wish, points: frozenset[str], moment: Moment
) -> Refusal | None:
    """Return why a wish would be refused, for pages that explain it beforehand."""
    person = uow.need(HolderRow, wish.holder)
    fitted, notice = face_points(uow), notice_in_force(uow)
    in_force = notice.version if notice is not None else ""
    no = uow.find(FaceRefusalRow, wish.holder)
    facts = WishFacts(
        now_ms=moment.utc_ms,
        kind=HolderKind(person.kind),
        lives_here=lives_here(uow, wish.holder, moment),
        band=band_of(person.adult_from, site.today(moment)),
        has_way=has_way(uow, wish.holder, points, moment),
        is_ready_there=bool(points)
        and all(point in fitted and fitted[point][2] == in_force for point in points),
        guardians=guardians_of(uow, site, wish.holder, moment),
        declined_at_ms=None if no is None else no.declined_at_ms,
        under_14_rules=under_14_rules(uow),
    )
    return check_wish(wish, facts)


def agree_as_guardian(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    child: bytes,
    *,
    notice_version: str,
    moment: Moment,
) -> None:
    """Record the guardian's own, separate consent to a child's open wish (MI-01, MI-02, J10).

    It names the notice that the guardian has read. Raises RefusedError: `not_allowed`,
    `reservation_missing`, `notice_changed`.
    """
    row = open_wish(uow, child, moment)
    if row is None:
        raise Refusal(ReasonCode.RESERVATION_MISSING, "MI-02", "PIPL Art. 31").as_error()
    if row.notice_version != notice_version:
        raise Refusal(ReasonCode.NOTICE_CHANGED, "CO-04", "PIPL Art. 14").as_error()
    if actor.role is not None:
        raise Refusal(ReasonCode.NOT_ALLOWED, "CO-03", "PIPL Art. 31").as_error()
    _agree(uow, site, row, actor.id, moment)


def open_wish(uow: UnitOfWork, holder: bytes, moment: Moment) -> FaceReservationRow | None:
    """Return a person's wish that still waits for the gate, or None."""
    found = select(FaceReservationRow).where(
        FaceReservationRow.holder_id == holder,
        FaceReservationRow.ended_at_ms.is_(None),
        FaceReservationRow.until_ms > moment.utc_ms,
    )
    return uow.session.scalar(found)


def end_wish(uow: UnitOfWork, holder: bytes, end: ConsentEnd, moment: Moment) -> None:
    """End a person's open wish, whatever its date; without one this does nothing."""
    found = select(FaceReservationRow).where(
        FaceReservationRow.holder_id == holder, FaceReservationRow.ended_at_ms.is_(None)
    )
    for row in uow.session.scalars(found):
        row.ended_at_ms, row.end_reason = moment.utc_ms, end.value
    uow.session.flush()


def standing_consents(uow: UnitOfWork, holder: bytes) -> tuple[FaceConsentRow, ...]:
    """Return a person's consents that nothing has ended, one for each gate with a yes."""
    found = select(FaceConsentRow).where(
        FaceConsentRow.holder_id == holder, FaceConsentRow.ended_at_ms.is_(None)
    )
    return tuple(uow.session.scalars(found.order_by(FaceConsentRow.given_at_ms)))


def _begin(
    uow: UnitOfWork,
    site: Site,
    wish: Wish,
    points: frozenset[str],
    *,
    moment: Moment,
    origin: Origin,
) -> FaceReservationRow:
    raise_if(wish_refusal(uow, site, wish, points, moment))
    notice = notice_in_force(uow)
    if notice is None:
        raise Refusal(ReasonCode.FACE_NOT_PREPARED, "NS-09").as_error()
    end_wish(uow, wish.holder, ConsentEnd.REPLACED, moment)
    band = band_of(uow.need(HolderRow, wish.holder).adult_from, site.today(moment))
    row = FaceReservationRow(
        id=new_pseudonym(),
        holder_id=wish.holder,
        channel=wish.channel.value,
        purpose=ENTRY_PURPOSE,
        access_points=tuple(sorted(points)),
        notice_version=notice.version,
        made_at_ms=moment.utc_ms,
        until_ms=moment.utc_ms + RESERVED_MS,
        made_by=wish.actor.id,
        guardian_needed=needs_guardian(band),
        device_tag=_tag(uow, "device", origin.device),
        address_tag=_tag(uow, "address", origin.address),
        paper_hash=b"",
        end_reason="",
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def _agree(
    uow: UnitOfWork, site: Site, row: FaceReservationRow, guardian: bytes, moment: Moment
) -> None:
    if guardian not in guardians_of(uow, site, row.holder_id, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "MI-02", "PIPL Art. 31").as_error()
    row.guardian_id, row.guardian_agreed_at_ms = guardian, moment.utc_ms
    uow.session.flush()


def _tag(uow: UnitOfWork, kind: str, text: str) -> bytes:
    """Return a keyed hash that tells equal ones from others and nothing else; empty for none."""
    if not text:
        return b""
    row = uow.find(SiteValueRow, _TAG_SALT)
    if row is None:
        row = SiteValueRow(name=_TAG_SALT, value=secrets.token_bytes(32))
        uow.session.add(row)
    return hmac.new(row.value, f"{kind} {text}".encode(), hashlib.sha256).digest()[:_TAG_BYTES]
