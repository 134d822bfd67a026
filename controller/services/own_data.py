"""Give a person a copy of all that is held about them, and let them correct it (PIPL Art. 45, 46).

The copy holds what this compound's controller knows. What lies only in a gate, a biometric
reference, can be shown to nobody; the copy says where it lies and that it does.
"""

from typing import Any

from sqlalchemy import select, update

from controller.domain.local_time import local_text
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.complaints import complaints_for
from controller.services.face_views import own_view
from controller.services.records import own_records
from controller.services.site import Site
from controller.services.staff import cookie_hash
from controller.storage.models import (
    CallRow,
    CredentialRow,
    DwellingRow,
    FaceRefusalRow,
    HolderRow,
    ResidenceRow,
    SessionRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["correct_contact", "decline_face", "end_other_devices", "own_copy", "own_devices"]

_LANGUAGES = frozenset({"zh-CN", "en"})
_MOST_PHONE = 30
_MOST_RECORDS = 10_000


def own_copy(uow: UnitOfWork, site: Site, actor: Actor, moment: Moment) -> dict[str, Any]:
    """Return everything that is held about the person who asks, ready for JSON."""
    return {
        "made_at": local_text(moment.utc_ms, site.zone),
        "person": _person(uow, actor.id, site.zone),
        "homes": _homes(uow, actor.id, site.zone),
        "credentials": _credentials(uow, actor.id, site.zone),
        "passages": [
            {
                "at": local_text(row.at_ms, site.zone),
                "place": row.place,
                "way": row.method,
                "outcome": row.outcome,
            }
            for row in own_records(uow, actor.id, moment, _MOST_RECORDS)
        ],
        "face": _face(uow, actor.id, site.zone, moment),
        "complaints": [
            {
                "topic": row.topic,
                "text": row.text,
                "at": local_text(row.opened_at_ms, site.zone),
                "answer": row.answer,
            }
            for row in complaints_for(uow, actor)
        ],
        "calls": [
            {"at": local_text(row.at_ms, site.zone), "answered_at": _at(row.answered_at_ms, site)}
            for row in uow.session.scalars(select(CallRow).where(CallRow.holder_id == actor.id))
        ],
        "devices_signed_in": [
            local_text(row.created_at_ms, site.zone) for row in own_devices(uow, actor, moment)
        ],
    }


def _at(instant_ms: int | None, site: Site) -> str:
    return "" if instant_ms is None else local_text(instant_ms, site.zone)


def _person(uow: UnitOfWork, holder: bytes, zone: str) -> dict[str, Any]:
    person = uow.need(HolderRow, holder)
    return {
        "name": person.name,
        "phone": person.phone,
        "language": person.language,
        "adult_from": person.adult_from,
        "longer_opening": person.longer_opening,
        "registered_at": local_text(person.created_at_ms, zone),
    }


def _homes(uow: UnitOfWork, holder: bytes, zone: str) -> list[dict[str, str]]:
    found = select(ResidenceRow, DwellingRow.label).join(
        DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id
    )
    return [
        {
            "dwelling": label,
            "relation": row.relation,
            "from": local_text(row.from_ms, zone),
            "until": "" if row.until_ms is None else local_text(row.until_ms, zone),
            "ended_at": "" if row.ended_at_ms is None else local_text(row.ended_at_ms, zone),
        }
        for row, label in uow.session.execute(found.where(ResidenceRow.holder_id == holder))
    ]


def _credentials(uow: UnitOfWork, holder: bytes, zone: str) -> list[dict[str, str]]:
    mine = select(CredentialRow).where(
        (CredentialRow.holder_id == holder) | (CredentialRow.host_id == holder)
    )
    return [
        {
            "kind": row.carrier,
            "for": "self" if row.holder_id == holder else "guest",
            "from": local_text(row.valid_from_ms, zone),
            "until": local_text(row.valid_until_ms, zone),
            "ended_at": "" if row.ended_at_ms is None else local_text(row.ended_at_ms, zone),
        }
        for row in uow.session.scalars(mine.order_by(CredentialRow.created_at_ms))
    ]


def _face(uow: UnitOfWork, holder: bytes, zone: str, moment: Moment) -> dict[str, Any]:
    own = own_view(uow, holder, moment)
    return {
        "wishes": [local_text(row.made_at_ms, zone) for row in own.wishes],
        "consents": [
            {"gate": row.gate, "given_at": local_text(row.given_at_ms, zone), "end": row.end_reason}
            for row in own.consents
        ],
        "references_lie_in": [row.gate for row in own.holdings if row.erased_at_ms is None],
        "references": "They lie sealed in these gates only; nobody can read them out.",
        "said_no_at": "" if own.declined_at_ms is None else local_text(own.declined_at_ms, zone),
        "erasure_requests": [
            {"opened_at": local_text(row.opened_at_ms, zone), "reason": row.reason.value}
            for row in own.requests
        ],
    }


def correct_contact(
    uow: UnitOfWork, actor: Actor, *, phone: str, language: str, longer_opening: bool
) -> None:
    """Correct what a person may correct alone; the name is corrected at the desk, with its paper.

    Raises RefusedError(`config_invalid`).
    """
    typed = phone.strip()
    if len(typed) > _MOST_PHONE or not all(each in "0123456789+-() " for each in typed):
        raise Refusal(ReasonCode.CONFIG_INVALID, "RE-03", "PIPL Art. 46", "phone").as_error()
    if language not in _LANGUAGES:
        raise Refusal(ReasonCode.CONFIG_INVALID, "RE-03", "PIPL Art. 46", "language").as_error()
    row = uow.need(HolderRow, actor.id)
    row.phone, row.language, row.longer_opening = typed, language, longer_opening
    uow.session.flush()


def decline_face(uow: UnitOfWork, actor: Actor, moment: Moment) -> None:
    """Keep the day of a no, so that nobody asks again for 180 days (rule CO-07)."""
    uow.session.merge(FaceRefusalRow(holder_id=actor.id, declined_at_ms=moment.utc_ms))
    uow.session.flush()


def own_devices(uow: UnitOfWork, actor: Actor, moment: Moment) -> tuple[SessionRow, ...]:
    """Return the devices that are signed in as this person, newest first."""
    found = select(SessionRow).where(
        SessionRow.holder_id == actor.id,
        SessionRow.ended_at_ms.is_(None),
        SessionRow.until_ms > moment.utc_ms,
    )
    return tuple(uow.session.scalars(found.order_by(SessionRow.created_at_ms.desc())))


def end_other_devices(uow: UnitOfWork, actor: Actor, cookie: str, moment: Moment) -> int:
    """Sign every device of this person out but the one that asks; return how many."""
    ended = uow.session.execute(
        update(SessionRow)
        .where(
            SessionRow.holder_id == actor.id,
            SessionRow.ended_at_ms.is_(None),
            SessionRow.cookie_hash != cookie_hash(cookie),
        )
        .values(ended_at_ms=moment.utc_ms)
        .returning(SessionRow.cookie_hash)
    ).all()
    return len(ended)
