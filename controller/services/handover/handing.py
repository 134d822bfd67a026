"""Change the operator: face erased with receipts, staff and keys replaced, fobs kept, all recorded.

The former company hands over itself, or the recovery key's two shares do it without them. Nothing
about a resident's non-biometric ways changes: fobs and PINs stay, a standing paper pass works on
until the date by which the new operator has printed its successor.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.consent import ConsentEnd
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.domain.shares import Shares
from controller.services.attestations import AttestationDraft, attest
from controller.services.documents import compile_all
from controller.services.erasure import stop_face
from controller.services.face_settings import face_settings, remove_face, set_switch
from controller.services.handover.bridging import open_handover, remember_versions
from controller.services.handover.recovery import make_recovery, recovered_seed
from controller.services.keys import ensure_keys, signer_for
from controller.services.site import Site
from controller.services.staff import StaffDraft, add_staff, end_staff
from controller.storage.models import (
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceReservationRow,
    HandoverRow,
    SiteKeyRow,
    StaffRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import key_id
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope, Role

__all__ = ["PAPER_MS", "HandedOver", "HandoverOrder", "hand_over"]

PAPER_MS = 30 * DAY_MS
"""How long printed standing passes of the former operator work on (our number)."""
_PHONE_MS = DAY_MS
_KEPT_MS = {KeyScope.PAPER_PASS.value: PAPER_MS, KeyScope.RESIDENT_PASS.value: _PHONE_MS}
"""Passes of these keys open only with a credential in the list, so their public half may stay."""
_HOUSE = Actor(b"handover", Role.MANAGER)
_RULE = "PR-03"
_ARTICLE = "PIPL Art. 22, 47"


@dataclass(frozen=True, slots=True)
class HandoverOrder:
    """Who hands over to whom. `shares` are set where the former company takes no part.

    `login`, `name` and `password` are those of the new operator's first manager.
    """

    former: str
    successor: str
    login: str
    name: str
    password: str
    shares: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"HandoverOrder(recovery={self.shares is not None})"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was done. `shares` are those of a new recovery key, told once."""

    people_erased: int
    staff_ended: int
    keys_replaced: int
    shares: Shares


def hand_over(uow: UnitOfWork, site: Site, order: HandoverOrder, moment: Moment) -> HandedOver:
    """Hand over; commits, and destroys the former private keys afterwards.

    The caller publishes. Raises RefusedError: `config_invalid` for wrong shares or a weak password,
    `conflict` while the hand-over before this one is not finished; StorageError.
    """
    if open_handover(uow) is not None:
        raise Refusal(ReasonCode.CONFLICT, _RULE, _ARTICLE, "handover open").as_error()
    if not order.former.strip() or not order.successor.strip():
        raise Refusal(ReasonCode.CONFIG_INVALID, _RULE, _ARTICLE, "former, successor").as_error()
    bridge = _bridge(uow, site, order, moment)
    people = _erase_face(uow, site, moment)
    staff = _end_staff(uow, moment)
    draft = StaffDraft(order.login, order.name, Role.MANAGER, order.password)
    add_staff(uow, _HOUSE, draft, moment)
    retired = _retire_keys(uow, moment)
    ensure_keys(uow, site, moment)
    shares = make_recovery(uow, _HOUSE, order.successor.strip(), moment)
    uow.session.add(
        HandoverRow(
            former=order.former.strip(),
            successor=order.successor.strip(),
            by_recovery=order.shares is not None,
            bridge_kid=bridge,
            begun_at_ms=moment.utc_ms,
        )
    )
    _record(uow, order, moment)
    compile_all(uow, site, moment)
    remember_versions(uow)
    uow.commit()
    for kid in retired - {bridge}:
        site.keystore.remove(kid)
    return HandedOver(people, staff, len(retired), shares)


def _bridge(uow: UnitOfWork, site: Site, order: HandoverOrder, moment: Moment) -> bytes:
    """Return the id of the key that signs each gate's next `keys` document."""
    if order.shares is None:
        return key_id(signer_for(uow, site, KeyScope.DOCUMENT, moment).public_key)
    return key_id(site.keystore.add(recovered_seed(uow, *order.shares)))


def _erase_face(uow: UnitOfWork, site: Site, moment: Moment) -> int:
    """End every consent and wish and ask each gate to erase; face stays off until set up anew."""
    reason = "change of operator"
    set_switch(uow, _HOUSE, "compound", is_on=False, reason=reason, moment=moment)
    for point in face_settings(uow):
        remove_face(uow, _HOUSE, point, moment)
    people = set(
        uow.session.scalars(
            select(FaceConsentRow.holder_id).where(FaceConsentRow.ended_at_ms.is_(None))
        )
    )
    people |= set(
        uow.session.scalars(
            select(FaceEnrolmentRow.holder_id).where(FaceEnrolmentRow.erased_at_ms.is_(None))
        )
    )
    people |= set(
        uow.session.scalars(
            select(FaceReservationRow.holder_id).where(FaceReservationRow.ended_at_ms.is_(None))
        )
    )
    for holder in sorted(people):
        stop_face(uow, site, _HOUSE, holder, moment=moment, end=ConsentEnd.FACE_REMOVED)
    return len(people)


def _end_staff(uow: UnitOfWork, moment: Moment) -> int:
    """End every account of the former operator and its sessions; residents stay signed in."""
    staff = uow.session.scalars(select(StaffRow.id).where(StaffRow.ended_at_ms.is_(None))).all()
    for each in staff:
        end_staff(uow, _HOUSE, each, moment)
    return len(staff)


def _retire_keys(uow: UnitOfWork, moment: Moment) -> frozenset[bytes]:
    """Stop every key from signing; all but those of standing passes are no longer believed."""
    rows = uow.session.scalars(select(SiteKeyRow).where(SiteKeyRow.withdrawn_at_ms.is_(None)))
    retired = set()
    for row in rows:
        kept_ms = _KEPT_MS.get(row.scopes[0])
        if kept_ms is None:
            row.withdrawn_at_ms = moment.utc_ms
        else:
            row.sign_until_ms = min(row.sign_until_ms, moment.utc_ms)
            row.not_after_ms = min(row.not_after_ms, moment.utc_ms + kept_ms)
        retired.add(row.kid)
    uow.session.flush()
    return frozenset(retired)


def _record(uow: UnitOfWork, order: HandoverOrder, moment: Moment) -> None:
    how = "by the recovery key's two shares" if order.shares else "by the former operator"
    said = f"operator changed: {order.former.strip()} -> {order.successor.strip()}, {how}"
    attest(uow, _HOUSE, AttestationDraft(_RULE, said), moment)
