"""Say what the face routes of the API take and give; no field can hold a picture or a score."""

from typing import Annotated

from pydantic import BaseModel, Field

from controller.domain.local_time import local_text
from controller.services.erasure import RequestView
from controller.services.face_views import Own
from controller.storage.models import FaceConsentRow, FaceNoticeRow, FaceReservationRow
from mqtt.contract.records_face import NOTICE_CHARACTERS

__all__ = [
    "AccessPoints",
    "ConsentView",
    "GateHoldingView",
    "NoticeView",
    "OwnView",
    "RequestGateView",
    "RequestShown",
    "WishView",
    "notice_view",
    "own_shown",
    "request_shown",
    "wish_view",
]

AccessPoints = Annotated[
    list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=40)
]

_HELD_ZH = "三份人脸特征值只加密保存在上列门口设备中，任何人都不能读取或导出；照片不保存。"
_HELD_EN = (
    "Three sets of face features lie sealed in the gate units listed, where nobody can read or "
    "export them; no photo is kept."
)


class NoticeView(BaseModel):
    """One version of the notice, with the hash that a consent binds."""

    version: str
    sha256: str
    zh: str
    en: str
    screen_zh: str = Field(max_length=NOTICE_CHARACTERS)
    screen_en: str = Field(max_length=NOTICE_CHARACTERS)
    published_at: str
    is_in_force: bool


class WishView(BaseModel):
    """A reservation: it is no consent."""

    channel: str
    access_points: list[str]
    notice_version: str
    made_at: str
    until: str
    guardian_needed: bool
    guardian_agreed: bool
    ended: str = Field(description="empty while it waits, else why it is over")


class ConsentView(BaseModel):
    """A consent, given at a gate; `evidence` is its signed event: epoch and number."""

    id: str
    gate: str
    evidence: tuple[int, int]
    access_points: list[str]
    purpose: str
    notice_version: str
    notice_sha256: str
    given_at: str
    until: str
    band: str
    ended: str
    ended_at: str


class GateHoldingView(BaseModel):
    """Which gate holds references, since when, and when they were erased there."""

    gate: str
    enrolled_at: str
    erased_at: str


class RequestGateView(BaseModel):
    """One gate of a request: `receipt`, `gate_lost`, or empty while it is outstanding."""

    gate: str
    how: str
    done_at: str


class RequestShown(BaseModel):
    """A request to erase; it closes with the last receipt."""

    id: str
    reason: str
    opened_at: str
    closed_at: str
    gates: list[RequestGateView]
    outstanding: list[str]
    is_late: bool
    is_breach: bool


class OwnView(BaseModel):
    """Everything that is held about one person and face: the copy of PIPL Art. 45."""

    wishes: list[WishView]
    consents: list[ConsentView]
    gates: list[GateHoldingView]
    requests: list[RequestShown]
    declined_at: str
    held_zh: str = _HELD_ZH
    held_en: str = _HELD_EN


def notice_view(row: FaceNoticeRow, zone: str, *, is_in_force: bool) -> NoticeView:
    """Return the view of a notice."""
    return NoticeView(
        version=row.version,
        sha256=row.text_hash.hex(),
        zh=row.text_zh,
        en=row.text_en,
        screen_zh=row.screen_zh,
        screen_en=row.screen_en,
        published_at=local_text(row.published_at_ms, zone),
        is_in_force=is_in_force,
    )


def wish_view(row: FaceReservationRow, zone: str) -> WishView:
    """Return the view of a wish."""
    return WishView(
        channel=row.channel,
        access_points=list(row.access_points),
        notice_version=row.notice_version,
        made_at=local_text(row.made_at_ms, zone),
        until=local_text(row.until_ms, zone),
        guardian_needed=row.guardian_needed,
        guardian_agreed=row.guardian_agreed_at_ms is not None,
        ended=row.end_reason,
    )


def request_shown(view: RequestView, zone: str) -> RequestShown:
    """Return the view of a request; it names nobody."""
    return RequestShown(
        id=view.id.hex(),
        reason=view.reason.value,
        opened_at=local_text(view.opened_at_ms, zone),
        closed_at=_at(view.closed_at_ms, zone),
        gates=[
            RequestGateView(gate=each.gate, how=each.how.value, done_at=_at(each.done_at_ms, zone))
            for each in view.gates
        ],
        outstanding=list(view.progress.outstanding),
        is_late=view.progress.is_late,
        is_breach=view.progress.is_breach,
    )


def own_shown(own: Own, zone: str) -> OwnView:
    """Return the copy of what is held about a person."""
    return OwnView(
        wishes=[wish_view(row, zone) for row in own.wishes],
        consents=[_consent(row, zone) for row in own.consents],
        gates=[
            GateHoldingView(
                gate=each.gate,
                enrolled_at=local_text(each.enrolled_at_ms, zone),
                erased_at=_at(each.erased_at_ms, zone),
            )
            for each in own.holdings
        ],
        requests=[request_shown(each, zone) for each in own.requests],
        declined_at=_at(own.declined_at_ms, zone),
    )


def _consent(row: FaceConsentRow, zone: str) -> ConsentView:
    return ConsentView(
        id=row.id.hex(),
        gate=row.gate,
        evidence=(row.epoch, row.seq),
        access_points=list(row.access_points),
        purpose=row.purpose,
        notice_version=row.notice_version,
        notice_sha256=row.notice_hash.hex(),
        given_at=local_text(row.given_at_ms, zone),
        until=local_text(row.until_ms, zone),
        band=row.band,
        ended=row.end_reason,
        ended_at=_at(row.ended_at_ms, zone),
    )


def _at(at_ms: int | None, zone: str) -> str:
    return "" if at_ms is None else local_text(at_ms, zone)
