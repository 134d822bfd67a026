"""Say a change of the configuration so that a manager reads it: where, from what, to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.domain.managing.changes import Change
from controller.web.words import Words

__all__ = ["Shown", "shown_changes"]

_WORDS: Mapping[str, tuple[str, str]] = {
    "gates": ("门口机", "Gate"),
    "levels": ("通行权限", "Access level"),
    "schedules": ("时段", "Schedule"),
    "holidays": ("节假日", "Holiday"),
    "portals": ("门", "Door"),
    "access_points": ("通行点", "Access point"),
    "site": ("现场", "On the ground"),
    "layout": ("位置", "Place"),
    "methods": ("进门方式", "Ways in"),
    "card_formats": ("卡格式", "Card formats"),
    "qr_frames_per_s": ("二维码帧率", "QR frames a second"),
    "qr_exposure_us": ("二维码曝光", "QR exposure"),
    "title": ("名称", "Name"),
    "grants": ("门和时段", "Doors and times"),
    "windows": ("每周时段", "Weekly hours"),
    "always": ("全天", "At all times"),
    "unlock_ms": ("开锁时间（毫秒，各方式相同）", "Unlock time (ms, the same for every way)"),
    "longer_unlock_ms": ("延长的开锁时间（毫秒）", "Longer unlock time (ms)"),
    "passback": ("防返传", "Anti-passback"),
    "direction": ("方向", "Direction"),
    "holiday": ("放假", "Holiday"),
    "workday": ("调休上班", "Make-up workday"),
    "qr": ("二维码", "QR code"),
    "fob": ("门禁卡", "Fob"),
    "guard": ("保安", "Guard"),
    "face": ("人脸", "Face"),
    "pin": ("密码", "PIN"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One change in words; empty texts stand for "was not there" and "is gone"."""

    where: str
    before: str
    after: str


def shown_changes(w: Words, changes: Iterable[Change]) -> tuple[Shown, ...]:
    """Return changes in the language of the page."""
    return tuple(
        Shown(
            " › ".join(_word(w, part) for part in change.path),
            _value(w, change.before),
            _value(w, change.after),
        )
        for change in changes
    )


def _word(w: Words, part: str) -> str:
    return w(*_WORDS[part]) if part in _WORDS else part


def _value(w: Words, value: str | None) -> str:
    if value is None:
        return ""
    return ", ".join(_word(w, part) for part in value.split(", "))
