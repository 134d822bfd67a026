"""Say what the pages say, zh-CN first. Reasons have their own texts in the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.web.views import EventView

__all__ = ["CHINESE", "ENGLISH", "TEXTS", "Speaker", "speaker_for"]

CHINESE = "zh-CN"
ENGLISH = "en"

TEXTS: Mapping[str, tuple[str, str]] = {
    "live": ("实时", "Live"),
    "gates": ("门口", "Gates"),
    "events": ("动态", "Events"),
    "alarms": ("需要查看", "To look at"),
    "all_online": ("所有门都在线", "All gates are online"),
    "one_offline": ("离线，门口通行照常", "is offline; its ways in go on working"),
    "some_offline": ("离线，门口通行照常", "are offline; their ways in go on working"),
    "list_comma": ("、", ", "),
    "look": ("请查看", "To look at"),
    "no_gates": (
        "这里会显示每个门的状态。请先登记门口机。",
        "Every gate shows here. Register a gate unit first.",
    ),
    "no_events": (
        "这里会显示门口发生的事。有人通行后即会出现。",
        "What happens at the gates shows here, as soon as somebody passes.",
    ),
    "no_alarms": ("没有需要查看的事", "Nothing needs a look"),
    "online": ("在线", "Online"),
    "offline": ("离线", "Offline"),
    "never_heard": ("尚未连接", "Not connected yet"),
    "last_heard": ("最后联系", "Last heard"),
    "four_ways": ("四种方式，平等通行", "Four ways in, equal"),
    "way_qr": ("二维码", "QR code"),
    "way_fob": ("门禁卡", "Fob"),
    "way_guard": ("保安", "Guard"),
    "way_face": ("人脸", "Face"),
    "way_pin": ("密码", "PIN"),
    "way_remote": ("远程", "Remote"),
    "way_none": ("", ""),
    "state_ready": ("可用", "Ready"),
    "state_fault": ("故障", "Fault"),
    "state_suspended": ("已暂停", "Suspended"),
    "state_not_installed": ("未安装", "Not installed"),
    "state_": ("未报告", "Not reported"),
    "door_secured": ("已关锁", "Locked"),
    "door_unlocked": ("已开锁", "Unlocked"),
    "door_open_ok": ("开着", "Open"),
    "door_held_warn": ("开得过久", "Open for long"),
    "door_held_alarm": ("长时间未关", "Left open"),
    "door_forced": ("被强行打开", "Forced open"),
    "door_free": ("自由通行", "Free passage"),
    "door_lockdown": ("封闭中", "Lockdown"),
    "door_fire": ("消防释放", "Released by fire alarm"),
    "door_fault": ("故障", "Fault"),
    "door_": ("未报告", "Not reported"),
    "battery": ("电池供电", "On battery"),
    "lists_current": ("名单已是最新", "Lists are up to date"),
    "lists_behind": ("名单更新中", "Lists are being updated"),
    "simulated": ("模拟硬件", "SIMULATED hardware"),
    "simulated_short": ("模拟", "SIM"),
    "revoked": ("已停用", "Withdrawn"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出", "Sign out"),
    "sign_in_lead": ("物业、保安和检查人员请登录", "For the desk, guards and inspectors"),
    "login": ("账号", "Account"),
    "password": ("密码", "Password"),
    "other_language": ("English", "中文"),
    "today": ("今天", "Today"),
    "yesterday": ("昨天", "Yesterday"),
    "stale": ("连接中断，显示的是此前的情况", "Connection lost; this is how it was before"),
    "reload": ("刷新", "Reload"),
    "no_names": ("这里不显示姓名", "No names are shown here"),
    "opened": ("已放行", "Let in"),
    "refused": ("未放行", "Not let in"),
    "noted": ("记录", "Noted"),
    "skip": ("跳到内容", "Skip to content"),
}
"""Key to (zh-CN, English)."""

_OUTCOMES: Mapping[str, str] = {"granted": "opened", "entered": "opened", "denied": "refused"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says texts in one language; `today` is the compound's ISO date for 今天 and 昨天."""

    language: str
    today: str
    yesterday: str

    def __call__(self, key: str) -> str:
        """Return a text; an unknown key is a programming error."""
        zh, en = TEXTS[key]
        return en if self.language == ENGLISH else zh

    @property
    def is_english(self) -> bool:
        """Tell whether this is English."""
        return self.language == ENGLISH

    def way(self, method: str) -> str:
        """Name a way in."""
        return self(f"way_{method}")

    def state(self, state: str) -> str:
        """Name the state of a way in; one that is not known yet is not reported."""
        return self(f"state_{state}" if f"state_{state}" in TEXTS else "state_")

    def door(self, state: str) -> str:
        """Name the state of a door."""
        return self(f"door_{state}" if f"door_{state}" in TEXTS else "door_")

    def seen(self, event: EventView) -> str:
        """Return the key of what an event is to a person who looks on."""
        return "look" if event.is_alarming else _OUTCOMES.get(event.outcome, "noted")

    def time(self, instant: str) -> str:
        """Write a local instant as 今天 08:12:05, or with its date when that is longer ago."""
        if not instant:
            return ""
        at = datetime.fromisoformat(instant)
        day = at.date().isoformat()
        shown = {self.today: self("today"), self.yesterday: self("yesterday")}.get(day, day)
        return f"{shown} {at:%H:%M:%S}"


def speaker_for(language: str, today: str, yesterday: str) -> Speaker:
    """Return the speaker for `en`, and the Chinese one for anything else."""
    chosen = ENGLISH if language.lower().startswith("en") else CHINESE
    return Speaker(chosen, today, yesterday)
