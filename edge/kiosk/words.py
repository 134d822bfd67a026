"""Say what the screens say, zh-CN first; nothing here names a person."""

from collections.abc import Mapping

__all__ = [
    "DOORS",
    "FRESH_S",
    "HEADS",
    "LABELS",
    "SAYS",
    "STATES",
    "TILES",
    "Text",
    "age_line",
    "hint_of",
    "next_step",
]

Text = tuple[str, str]
"""The same text in zh-CN and in English."""

HEADS: Mapping[str, Text] = {
    "idle": ("请选择一种方式进门", "Choose any way in"),
    "guard_only": ("请呼叫保安开门", "Please call the guard"),
    "armed": ("请看摄像头", "Look at the camera"),
    "witness": ("请拍下这个码", "Please photograph this code"),
    "consent": ("是否同意登记人脸？", "Do you agree to enrol your face?"),
    "enrol": ("请再短按一次刷脸按钮", "Press the face button once more"),
    "erasing": ("正在删除人脸数据", "Erasing the face data"),
    "granted": ("请进", "Please come in"),
    "refused": ("这次没有开门", "The door stays closed"),
    "pin": ("请输入密码", "Enter the PIN"),
    "calling": ("正在呼叫保安", "Calling the guard"),
    "answered": ("保安已接听", "The guard has answered"),
    "done": ("已完成", "Done"),
    "alarm": ("请找保安", "Please see the guard"),
    "out": ("本机暂停服务", "This gate is out of service"),
}
SAYS: Mapping[str, Text] = {
    "witness": (
        "检查用的见证码，显示一分钟；门照常使用。",
        "The answer to an inspector, shown for a minute; the door works as always.",
    ),
    "granted": ("门已开，请通行", "The door is open"),
    "pin": ("输入后按 #", "then press #"),
    "calling": ("请稍候，也可以用其他方式进门", "Please wait, or use any other way in"),
    "answered": ("请说明来访的住户", "Please say whom you visit"),
    "out": ("请走旁边的门，或到值班室找保安。", "Use the next gate or see the guard at the lodge."),
    "idle": ("", ""),
}
FRESH_S = frozenset({"armed", "consent", "enrol", "erasing", "refused", "done", "alarm"})
"""States whose detail is the text of the reason."""
DOORS: Mapping[str, Text] = {
    "fire": ("消防联动，门已打开", "Fire alarm: the door is open"),
    "free": ("门开着，请直接通行", "The door is open, walk in"),
    "lockdown": ("临时封闭，住户照常进门", "Lockdown: residents enter as usual"),
    "fault": ("门锁故障，请找保安", "Lock fault, please see the guard"),
}
TILES: Mapping[str, Text] = {
    "qr": ("二维码", "QR code"),
    "fob": ("门禁卡", "Fob"),
    "fob_pin": ("门禁卡或密码", "Fob or PIN"),
    "guard": ("保安", "Guard"),
    "face": ("人脸", "Face"),
}
_HINTS: Mapping[str, Text] = {
    "qr": ("手机或纸，对准窗口", "phone or paper, at the window"),
    "fob": ("贴近读卡区", "hold it to the reader"),
    "guard": ("按呼叫键", "press call"),
    "face": ("按下才开启，限已登记者", "only if you press and enrolled"),
}
STATES: Mapping[str, Text] = {
    "fault": ("故障，请用其他方式", "out of order"),
    "suspended": ("暂停", "suspended"),
    "not_installed": ("未安装", "not fitted"),
}
LABELS: Mapping[str, Text] = {
    "call": ("呼叫保安", "Call the guard"),
    "cancel": ("取消", "Cancel"),
    "yes": ("同意", "Yes"),
    "yes_how": ("短按一下刷脸按钮", "press the face button briefly"),
    "no": ("不同意", "No"),
    "no_how": ("触摸这里，或按任意键", "touch here, or press any key"),
    "ways": ("四种方式，平等通行", "Four ways in, equal"),
    "seconds": ("秒", "s"),
}
_NEVER_S = 10 * 365 * 86_400
_AGE_SHOWN_FROM_S = 600


def hint_of(way: str, status: str) -> Text:
    """Say below a tile how its way is used, or that it does not work now."""
    return STATES.get(status) or _HINTS[way]


def next_step(ways: Mapping[str, str]) -> Text:
    """Name the ways that work here, after a refusal."""
    names = [TILES[way] for way in ways if way != "face" and ways[way] == "ready"]
    if not names:
        return ("请到值班室找保安", "Please see the guard at the lodge")
    zh = "、".join(name[0] for name in names)
    en = ", ".join(name[1].lower().replace("qr", "QR") for name in names)
    return (f"您可以再试一次，或用：{zh}", f"Try again, or use: {en}")


def age_line(list_age_s: int) -> Text:
    """Say how old the list is, once that is more than 10 minutes (DESIGN promise 5)."""
    if list_age_s <= _AGE_SHOWN_FROM_S:
        return ("", "")
    if list_age_s > _NEVER_S:
        return ("尚未收到名单，请找保安", "No list received yet, please see the guard")
    minutes = list_age_s // 60
    if minutes < 120:
        return (f"离线使用，名单 {minutes} 分钟前更新", f"Offline; list from {minutes} min ago")
    hours = minutes // 60
    return (f"离线使用，名单 {hours} 小时前更新", f"Offline; list from {hours} h ago")
