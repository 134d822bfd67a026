"""Set face up at the desk, prepare paper consents, and stop face for somebody.

Nothing here creates a consent: staff prepare paper, and the person says yes at the gate.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from controller.domain.consent import ConsentEnd
from controller.domain.face_switch import NoticeText
from controller.domain.roles import Act
from controller.services.acts import record_act
from controller.services.consent import PaperSheet, prepare_paper
from controller.services.erasure import stop_face
from controller.services.face_plan import check_plan
from controller.services.face_settings import (
    allow_under_14,
    enable_face,
    face_settings,
    remove_face,
    set_switch,
    switches,
    under_14_rules,
)
from controller.services.face_views import own_view
from controller.services.notices import publish_notice
from controller.storage.models import FaceNoticeRow, HolderRow
from controller.web.api.face_shapes import (
    AccessPoints,
    NoticeView,
    OwnView,
    WishView,
    notice_view,
    own_shown,
    wish_view,
)
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from mqtt.contract.records_face import NOTICE_CHARACTERS, FaceSettingsRecord

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/face", tags=["face"])

TheDesk = Annotated[Desk, Depends(desk_of)]


class Notice(BaseModel, extra="forbid"):
    """A new version of the notice; the screen texts are shown and spoken at the gate."""

    version: str = Field(max_length=40)
    zh: str = Field(max_length=20_000)
    en: str = Field(max_length=20_000)
    screen_zh: str = Field(max_length=NOTICE_CHARACTERS)
    screen_en: str = Field(max_length=NOTICE_CHARACTERS)


class Settings(BaseModel, extra="forbid"):
    """What has to be on record before face is on at an access point."""

    pipia_ref: str = Field(max_length=64)
    notice_version: str = Field(max_length=40)
    sign_attested_at_ms: int
    pad_accepted: bool = False
    room_number_may_narrow: bool = False


class Switch(BaseModel, extra="forbid"):
    """Suspend face (`is_on` false) for `compound`, `gate:<name>` or `ap:<name>`, or resume it."""

    scope: str = Field(max_length=45)
    is_on: bool
    reason: str = Field(max_length=200)
    order_reference: str = Field("", max_length=80)


class Under14(BaseModel, extra="forbid"):
    """The name of the site's special rules for children under 14; empty turns it off."""

    rules: str = Field(max_length=80)


class Paper(BaseModel, extra="forbid"):
    """A signed sheet: SHA-256 of its scan in hex, and the second member of staff who saw it."""

    access_points: AccessPoints
    scan_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    witness: IdText
    guardian: IdText | None = None


class Erase(BaseModel, extra="forbid"):
    """Why everything of a person is erased; an order has its reference."""

    reason: Literal["order", "death"]
    order_reference: str = Field("", max_length=80)


class SettingsView(BaseModel):
    """Where face is on record, and which switches keep it off."""

    access_points: dict[str, Settings]
    switches: dict[str, bool]
    under_14_rules: str


@router.post("/notices", status_code=201)
def make_notice(body: Notice, desk: TheDesk, staff: Staff) -> NoticeView:
    """Put a new version in force; every consent to an older one is over."""
    text = NoticeText(body.version, body.zh, body.en, body.screen_zh, body.screen_en)
    with desk.writing() as uow:
        publish_notice(uow, staff, text, desk.clock())
        shown = notice_view(uow.need(FaceNoticeRow, body.version), desk.site.zone, is_in_force=True)
        uow.commit()
    desk.wire.changed()
    return shown


@router.get("/settings")
def show_settings(desk: TheDesk) -> SettingsView:
    """Return where face is on record and which switches keep it off."""
    with desk.reading() as uow:
        return SettingsView(
            access_points={
                name: Settings(
                    pipia_ref=record.pipia_ref,
                    notice_version=record.notice_version,
                    sign_attested_at_ms=record.sign_attested_at_ms,
                    pad_accepted=record.pad_accepted,
                    room_number_may_narrow=record.room_number_may_narrow,
                )
                for name, record in face_settings(uow).items()
            },
            switches={scope: row.is_on for scope, row in switches(uow).items()},
            under_14_rules=under_14_rules(uow),
        )


@router.post("/access-points/{access_point}", status_code=204)
def enable(access_point: str, body: Settings, desk: TheDesk, staff: Staff) -> None:
    """Fit face at an access point; a refusal names the rule, the article and the witness."""
    record = FaceSettingsRecord(**body.model_dump())
    with desk.writing() as uow:
        enable_face(uow, staff, access_point, record, desk.clock())
        check_plan(uow, desk.site, desk.clock())
        uow.commit()
    desk.wire.changed()


@router.delete("/access-points/{access_point}", status_code=204)
def remove(access_point: str, desk: TheDesk, staff: Staff) -> None:
    """Take face away from an access point; the other ways there stay."""
    with desk.writing() as uow:
        remove_face(uow, staff, access_point, desk.clock())
        uow.commit()
    desk.wire.changed()


@router.post("/switches", status_code=204)
def switch(body: Switch, desk: TheDesk, staff: Staff) -> None:
    """Suspend face or resume it; no other way is touched."""
    with desk.writing() as uow:
        set_switch(
            uow,
            staff,
            body.scope,
            is_on=body.is_on,
            reason=body.reason,
            moment=desk.clock(),
            order_reference=body.order_reference,
        )
        uow.commit()
    desk.wire.changed()


@router.post("/under-14", status_code=204)
def set_under_14(body: Under14, desk: TheDesk, staff: Staff) -> None:
    """Name the site's special rules for children under 14, or turn it off."""
    with desk.writing() as uow:
        allow_under_14(uow, staff, body.rules, desk.clock())
        uow.commit()


@router.post("/residents/{resident}/paper", status_code=201)
def prepare(resident: IdText, body: Paper, desk: TheDesk, staff: Staff) -> WishView:
    """Prepare a paper consent; it takes effect by the person's own fob or pass at the gate."""
    guardian = raw_id(body.guardian) if body.guardian is not None else None
    sheet = PaperSheet(bytes.fromhex(body.scan_sha256), raw_id(body.witness), guardian)
    with desk.writing() as uow:
        row = prepare_paper(
            uow,
            desk.site,
            staff,
            raw_id(resident),
            frozenset(body.access_points),
            sheet=sheet,
            moment=desk.clock(),
        )
        shown = wish_view(row, desk.site.zone)
        uow.commit()
    desk.wire.changed()
    return shown


@router.post("/residents/{resident}/withdrawal")
def stop(resident: IdText, desk: TheDesk, staff: Staff) -> OwnView:
    """Opt somebody out on the person's word; no reason is asked for."""
    return _stop(resident, desk, staff, ConsentEnd.WITHDRAWN, "")


@router.post("/residents/{resident}/erasure")
def erase(resident: IdText, body: Erase, desk: TheDesk, staff: Staff) -> OwnView:
    """Erase everything of a person by order of a court, or after a death."""
    return _stop(resident, desk, staff, ConsentEnd(body.reason), body.order_reference)


@router.post("/residents/{resident}/copy")
def copy(resident: IdText, desk: TheDesk, staff: Staff) -> OwnView:
    """Print the copy of what is held, for somebody without a telephone; the look is recorded."""
    holder, moment = raw_id(resident), desk.clock()
    with desk.writing() as uow:
        uow.need(HolderRow, holder)
        record_act(uow, moment, staff, Act.PREPARE_CONSENT, holder, reason="copy")
        uow.commit()
        return own_shown(own_view(uow, holder, moment), desk.site.zone)


def _stop(
    resident: str, desk: Desk, staff: Staff, end: ConsentEnd, order_reference: str
) -> OwnView:
    holder, moment = raw_id(resident), desk.clock()
    with desk.writing() as uow:
        stop_face(
            uow,
            desk.site,
            staff,
            holder,
            moment=moment,
            end=end,
            order_reference=order_reference,
        )
        uow.commit()
        shown = own_shown(own_view(uow, holder, moment), desk.site.zone)
    desk.wire.changed()
    return shown
