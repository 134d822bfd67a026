"""Publish versions of the notice about face and keep every old one.

A new version is in force at once: consents to an older one are over, and face is off at an access
point until its sign is attested for the new one (rule CO-04, PIPL Art. 14).
"""

from hashlib import sha256

from sqlalchemy import select

from controller.domain.face_switch import NoticeText, check_notice
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.storage.models import FaceNoticeRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import NoticeRecord

__all__ = ["hash_of", "notice_in_force", "notice_record", "publish_notice"]


def hash_of(notice: NoticeText) -> bytes:
    """Return the SHA-256 that a consent binds: version and the whole text in both languages."""
    return sha256(codec.encode_plain([notice.version, notice.zh, notice.en])).digest()


def publish_notice(uow: UnitOfWork, actor: Actor, notice: NoticeText, moment: Moment) -> bytes:
    """Put a new version in force; return its hash.

    Raises RefusedError: `config_invalid` naming the element that is missing, `conflict` for a
    version that exists, `role_not_allowed`.
    """
    need_act(actor, Act.EDIT_FACE)
    raise_if(check_notice(notice))
    if uow.find(FaceNoticeRow, notice.version) is not None:
        raise Refusal(ReasonCode.CONFLICT, "NO-03", detail="version").as_error()
    newest = notice_in_force(uow)
    row = FaceNoticeRow(
        version=notice.version,
        text_hash=hash_of(notice),
        text_zh=notice.zh,
        text_en=notice.en,
        screen_zh=notice.screen_zh,
        screen_en=notice.screen_en,
        # Two in one millisecond still have an order.
        published_at_ms=max(moment.utc_ms, newest.published_at_ms + 1 if newest else 0),
        published_by=actor.id,
    )
    uow.session.add(row)
    record_act(uow, moment, actor, Act.EDIT_FACE, actor.id, reason=f"notice {notice.version}")
    uow.session.flush()
    return row.text_hash


def notice_in_force(uow: UnitOfWork) -> FaceNoticeRow | None:
    """Return the notice in force, or None where none was ever published."""
    newest = select(FaceNoticeRow).order_by(FaceNoticeRow.published_at_ms.desc()).limit(1)
    return uow.session.scalar(newest)


def notice_record(row: FaceNoticeRow) -> NoticeRecord:
    """Return what gates show and speak."""
    return NoticeRecord(row.text_hash, row.screen_zh, row.screen_en)
