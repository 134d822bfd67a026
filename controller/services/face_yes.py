"""Make a consent of a person's yes at a gate, or ask the gate to erase what it took."""

import secrets
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from controller.domain.consent import (
    Band,
    ConsentEnd,
    Given,
    band_of,
    check_given,
    needs_guardian,
    term_end,
)
from controller.domain.credentials import Carrier
from controller.domain.local_time import day_bounds_ms, local_date
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.consent import open_wish
from controller.services.erasure import open_request
from controller.services.face_settings import under_14_rules
from controller.services.face_signals import signals_of
from controller.services.face_ways import face_points
from controller.services.holders import lives_here
from controller.services.logbook.control import append
from controller.services.notices import notice_in_force
from controller.services.site import Site
from controller.storage.models import (
    CredentialRow,
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceNoticeRow,
    FaceReservationRow,
    HolderRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Yes", "take_yes", "wish_is_done"]

_CONSENT_ID_BYTES = 16
_SECOND_MS = 999
"""Gates tell whole seconds: a yes can seem this much earlier than it was."""
_CARRIED = frozenset({Carrier.FOB, Carrier.PHONE, Carrier.PAPER, Carrier.SLIP})


@dataclass(frozen=True, slots=True)
class Yes:
    """A gate's signed event: this person, with this credential, said yes (UTC ms)."""

    holder: bytes
    credential: bytes
    gate: str
    epoch: int
    seq: int
    at_ms: int


def take_yes(uow: UnitOfWork, site: Site, yes: Yes, moment: Moment) -> Refusal | None:
    """Store the consent, or open a request to erase at that gate and return why.

    The same event twice makes one consent.
    """
    if _is_known(uow, yes):
        return None
    wish = _wish_at(uow, yes)
    points = _points_of(uow, wish, yes.gate)
    refusal = _refusal(uow, site, wish, yes, moment)
    if refusal is None and not points:
        refusal = Refusal(ReasonCode.FACE_NOT_PREPARED, "NS-09", "Order 19 Art. 5, 9")
    if refusal is not None or wish is None:
        system = Actor(yes.holder)
        open_request(uow, system, yes.holder, ConsentEnd.WITHDRAWN, (yes.gate,), moment=moment)
        return refusal
    _replace(uow, yes)
    row = _consent(uow, site, wish, yes)
    row.access_points = points
    row.signals = signals_of(uow, wish, yes.gate, yes.at_ms, moment)
    uow.session.add(row)
    uow.session.flush()
    _note_in_log(uow, row, moment)
    return None


def _note_in_log(uow: UnitOfWork, row: FaceConsentRow, moment: Moment) -> None:
    """Bind the consent: the event at the gate behind it, the notice, and who, by a commitment."""
    append(
        uow,
        moment,
        ControlKind.CONSENT,
        personal=[row.holder_id, row.credential],
        consent=row.id,
        gate=row.gate,
        epoch=row.epoch,
        seq=row.seq,
        notice=row.notice_version,
        notice_hash=row.notice_hash,
    )


def wish_is_done(uow: UnitOfWork, holder: bytes, moment: Moment) -> bool:
    """Tell whether every gate of an open wish has a yes and holds references."""
    wish = open_wish(uow, holder, moment)
    if wish is None:
        return False
    fitted = face_points(uow)
    gates = {fitted[point][0] for point in wish.access_points if point in fitted}
    given = set(
        uow.session.scalars(
            select(FaceConsentRow.gate).where(
                FaceConsentRow.reservation_id == wish.id, FaceConsentRow.ended_at_ms.is_(None)
            )
        )
    )
    enrolled = set(
        uow.session.scalars(
            select(FaceEnrolmentRow.gate).where(
                FaceEnrolmentRow.holder_id == holder,
                FaceEnrolmentRow.erased_at_ms.is_(None),
                FaceEnrolmentRow.enrolled_at_ms >= wish.made_at_ms,
            )
        )
    )
    return bool(gates) and gates <= given & enrolled


def _is_known(uow: UnitOfWork, yes: Yes) -> bool:
    found = select(FaceConsentRow.id).where(
        FaceConsentRow.gate == yes.gate,
        FaceConsentRow.epoch == yes.epoch,
        FaceConsentRow.seq == yes.seq,
    )
    return uow.session.scalar(found) is not None


def _wish_at(uow: UnitOfWork, yes: Yes) -> FaceReservationRow | None:
    """Return the wish that was open when the person said yes, ended since or not."""
    found = select(FaceReservationRow).where(
        FaceReservationRow.holder_id == yes.holder,
        FaceReservationRow.made_at_ms <= yes.at_ms + _SECOND_MS,
    )
    return uow.session.scalar(found.order_by(FaceReservationRow.made_at_ms.desc()).limit(1))


def _points_of(uow: UnitOfWork, wish: FaceReservationRow | None, gate: str) -> tuple[str, ...]:
    if wish is None:
        return ()
    fitted = face_points(uow)
    return tuple(
        point for point in wish.access_points if point in fitted and fitted[point][0] == gate
    )


def _refusal(
    uow: UnitOfWork, site: Site, wish: FaceReservationRow | None, yes: Yes, moment: Moment
) -> Refusal | None:
    if wish is None:
        return Refusal(ReasonCode.RESERVATION_MISSING, "CO-03", "PIPL Art. 14, 29")
    band = _band(uow, site, yes)
    if band is Band.UNDER_14 and not under_14_rules(uow):
        return Refusal(ReasonCode.TOO_YOUNG, "MI-01", "PIPL Art. 31; Order 19 Art. 7")
    notice = notice_in_force(uow)
    given = Given(
        at_ms=yes.at_ms,
        reserved_from_ms=wish.made_at_ms - _SECOND_MS,
        reserved_until_ms=wish.until_ms,
        ended_at_ms=wish.ended_at_ms,
        guardian_needed=wish.guardian_needed or needs_guardian(band),
        guardian_agreed_at_ms=wish.guardian_agreed_at_ms,
        notice_version=wish.notice_version,
        notice_in_force=notice.version if notice is not None else "",
        lives_here=lives_here(uow, yes.holder, moment),
        is_own_credential=_is_own(uow, yes),
    )
    return check_given(given)


def _is_own(uow: UnitOfWork, yes: Yes) -> bool:
    row = uow.find(CredentialRow, yes.credential) if yes.credential else None
    return (
        row is not None
        and row.holder_id == yes.holder
        and Carrier(row.carrier) in _CARRIED
        and (row.ended_at_ms is None or row.ended_at_ms > yes.at_ms)
    )


def _band(uow: UnitOfWork, site: Site, yes: Yes) -> Band:
    return band_of(uow.need(HolderRow, yes.holder).adult_from, local_date(yes.at_ms, site.zone))


def _replace(uow: UnitOfWork, yes: Yes) -> None:
    """End an earlier consent at this gate: the newer yes takes its place."""
    found = select(FaceConsentRow).where(
        FaceConsentRow.holder_id == yes.holder,
        FaceConsentRow.gate == yes.gate,
        FaceConsentRow.ended_at_ms.is_(None),
    )
    for row in uow.session.scalars(found):
        row.ended_at_ms, row.end_reason = yes.at_ms, ConsentEnd.REPLACED.value


def _consent(uow: UnitOfWork, site: Site, wish: FaceReservationRow, yes: Yes) -> FaceConsentRow:
    given_on = local_date(yes.at_ms, site.zone)
    last = term_end(given_on, uow.need(HolderRow, yes.holder).adult_from)
    return FaceConsentRow(
        id=secrets.token_bytes(_CONSENT_ID_BYTES),
        holder_id=yes.holder,
        reservation_id=wish.id,
        gate=yes.gate,
        epoch=yes.epoch,
        seq=yes.seq,
        purpose=wish.purpose,
        notice_version=wish.notice_version,
        notice_hash=uow.need(FaceNoticeRow, wish.notice_version).text_hash,
        given_at_ms=yes.at_ms,
        until_ms=_start_of(last, site.zone),
        credential=yes.credential,
        band=_band(uow, site, yes).value,
        guardian_id=wish.guardian_id,
        guardian_agreed_at_ms=wish.guardian_agreed_at_ms,
        end_reason="",
    )


def _start_of(day: date, zone: str) -> int:
    return day_bounds_ms(day, zone)[0]
