"""Say what pages say: both languages stand side by side where they are used.

`w("中文", "English")` cannot lack a language. Times are 今天 08:12, days 2026-11-22. Reasons have
their own texts in the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mqtt.contract.errors import EqualGateError
from mqtt.contract.reasons import ReasonCode, text_of

__all__ = ["CHINESE", "ENGLISH", "Words"]

CHINESE = "zh-CN"
ENGLISH = "en"

_WAYS: Mapping[str, tuple[str, str]] = {
    "qr": ("二维码", "QR code"),
    "fob": ("门禁卡", "Fob"),
    "guard": ("保安", "Guard"),
    "face": ("人脸", "Face"),
    "pin": ("密码", "PIN"),
    "remote": ("远程", "Remote"),
    "none": ("", ""),
}
_STATES: Mapping[str, tuple[str, str]] = {
    "ready": ("可用", "Ready"),
    "fault": ("故障", "Fault"),
    "suspended": ("已暂停", "Suspended"),
    "not_installed": ("未安装", "Not installed"),
}
_DOORS: Mapping[str, tuple[str, str]] = {
    "secured": ("已关锁", "Locked"),
    "unlocked": ("已开锁", "Unlocked"),
    "open_ok": ("开着", "Open"),
    "held_warn": ("开得过久", "Open for long"),
    "held_alarm": ("长时间未关", "Left open"),
    "forced": ("被强行打开", "Forced open"),
    "free": ("自由通行", "Free passage"),
    "lockdown": ("封闭中", "Lockdown"),
    "fire": ("消防释放", "Released by fire alarm"),
    "fault": ("故障", "Fault"),
}
_NOT_REPORTED = ("未报告", "Not reported")
_VERDICTS: Mapping[str, tuple[str, str]] = {
    "PASS": ("通过", "PASS"),
    "FAIL": ("不通过", "FAIL"),
    "INSUFFICIENT DATA": ("数据不足", "INSUFFICIENT DATA"),
    "NOT APPLICABLE": ("不适用", "NOT APPLICABLE"),
    "NEEDS HUMAN": ("须人工查看", "NEEDS HUMAN"),
    "NOT COVERED": ("未覆盖", "NOT COVERED"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Speaks one language at one instant, in the compound's zone."""

    language: str
    zone: str
    now_ms: int

    @property
    def is_english(self) -> bool:
        """Tell whether this is English."""
        return self.language == ENGLISH

    def __call__(self, zh: str, en: str) -> str:
        """Return the text of the language."""
        return en if self.is_english else zh

    def way(self, method: str) -> str:
        """Name a way in."""
        return self(*_WAYS[method])

    def state(self, state: str) -> str:
        """Name the state of a way in; one that is not known yet is not reported."""
        return self(*_STATES.get(state, _NOT_REPORTED))

    def door(self, state: str) -> str:
        """Name the state of a door."""
        return self(*_DOORS.get(state, _NOT_REPORTED))

    def verdict(self, verdict: str) -> str:
        """Name the verdict of a rule, `PASS` to `NOT COVERED`."""
        return self(*_VERDICTS[verdict.replace("_", " ").upper()])

    def reason(self, code: str) -> str:
        """Say a reason code in words."""
        text = text_of(ReasonCode(code))
        return self(text.zh, text.en)

    def cure(self, code: str) -> str:
        """Say what to do about a reason code."""
        text = text_of(ReasonCode(code))
        return self(text.cure_zh, text.cure_en)

    def error(self, error: EqualGateError) -> str:
        """Say what went wrong and what to do now."""
        return f"{error.text(self.language)} {error.cure(self.language)}"

    def time(self, at_ms: int) -> str:
        """Write an instant as 今天 08:12, or with its date when that is longer away."""
        at = self._local(at_ms)
        return f"{self._day_word(at.date())} {at:%H:%M}"

    def seconds(self, at_ms: int) -> str:
        """Write an instant as 今天 08:12:05, or with its date when that is longer away."""
        at = self._local(at_ms)
        return f"{self._day_word(at.date())} {at:%H:%M:%S}"

    def clock(self, at_ms: int) -> str:
        """Write an instant as 08:12:05."""
        return f"{self._local(at_ms):%H:%M:%S}"

    def day(self, at_ms: int) -> str:
        """Write the day of an instant, as 今天 or 2026-11-22."""
        return self._day_word(self._local(at_ms).date())

    def iso_day(self, at_ms: int) -> str:
        """Write the day of an instant as 2026-11-22, for paper."""
        return self._local(at_ms).date().isoformat()

    def iso(self, at_ms: int) -> str:
        """Write an instant for machines, with the zone's offset."""
        return self._local(at_ms).isoformat(timespec="seconds")

    def of_iso(self, instant: str) -> str:
        """Write a local ISO instant, as views carry it, as 今天 08:12:05; empty stays empty."""
        if not instant:
            return ""
        return self.seconds(round(datetime.fromisoformat(instant).timestamp() * 1000))

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self.zone))

    def _day_word(self, day: date) -> str:
        today = self._local(self.now_ms).date()
        near = {
            today: ("今天", "Today"),
            today - timedelta(days=1): ("昨天", "Yesterday"),
            today + timedelta(days=1): ("明天", "Tomorrow"),
        }
        return self(*near[day]) if day in near else day.isoformat()
