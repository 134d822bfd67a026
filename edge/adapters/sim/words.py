"""Read what a person types to a simulated gate: `fob 12345678`, `door open`, `fire on`."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.adapters.sim import requests as ask

__all__ = ["HELP", "WordsError", "read_words"]

HELP = """\
fob NUMBER[/BITS] [AT]        hold a fob to the reader (24 bits if none are named) / 刷卡
keys 1234# [AT]               press keys / 按键
picture FILE [AT]             show a picture, folder or video to the code camera / 出示二维码图片
face press|hold [AT]          press the face button, or hold it for 3.5 s / 刷脸按钮
face picture FILE [AT]        let the face camera see a picture, folder or video / 刷脸摄像头画面
door open|closed [PORTAL]     move the door leaf by hand / 开关门扇
person on|off [PORTAL]        let a person pass whenever the door is unlocked / 自动过人
exit [on|off] [PORTAL]        press the exit button, or hold and let go / 出门按钮
call [AT]                     press the call button / 呼叫按钮
fire on|off                   the fire panel's contact / 消防信号
fire-line cut|ok              the line to the fire panel / 消防线路
tamper open|closed            the housing of the gate unit / 机箱
power battery|mains           the supply / 供电
guard on NUMBER[/BITS] PIN [AT]        sign on at the panel / 值班员签到
guard release|off|lockdown|end-lockdown|end-hold|emergency-hold|clear-tamper|reset-fire [AT]
guard reason TEXT [AT]                 give a reason / 填写原因
guard hold-open TEXT NUMBER[/BITS] PIN [AT]    hold open, with the second person / 双人常开
cable out|in [AT]             a reader's cable / 读卡器线缆
reader secure|install|plaintext|swapped|straight [AT]   set a reader up differently / 读卡器状态
lines out|in                  the chip with all contacts / 输入模块
stuck on|off [PORTAL]         a relay that does not move / 继电器卡住
clock +90s|-1h|…              set the wall clock forward or back / 调表
trust synced|holdover|unknown how far the clock can be believed / 时钟可信度
worker kill                   end the QR worker / 终止识读进程
power-cut                     end the gate at once / 断电
relays | shown [AT] | adapters    what there is to see / 查看
help | quit"""

_TRUST = {"synced": 0, "holdover": 1, "unknown": 2}
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_GUARD_ACTIONS = {
    "off": "sign_off",
    "release": "release",
    "lockdown": "lockdown",
    "end-lockdown": "end_lockdown",
    "end-hold": "end_hold",
    "emergency-hold": "emergency_hold",
    "clear-tamper": "clear_tamper",
    "reset-fire": "reset_fire",
}


class WordsError(Exception):
    """Words that mean nothing here; the text says which ones do."""


@dataclass(frozen=True, slots=True)
class _Given:
    """The words behind a verb, taken in order."""

    words: tuple[str, ...]

    def need(self, at: int, what: str) -> str:
        if at >= len(self.words):
            raise WordsError(f"needs {what}")
        return self.words[at]

    def choice(self, at: int, *allowed: str) -> str:
        word = self.need(at, " or ".join(allowed))
        if word not in allowed:
            raise WordsError(f"{word}: one of {', '.join(allowed)}")
        return word

    def place(self, at: int) -> str:
        if len(self.words) > at + 1:
            raise WordsError(f"too many words from {self.words[at + 1]} on")
        return self.words[at] if at < len(self.words) else ""

    def card(self, at: int) -> tuple[int, int]:
        word = self.need(at, "a fob number")
        number, _, bits = word.partition("/")
        try:
            return int(number, 0), int(bits or "24")
        except ValueError:
            raise WordsError(f"{word} is no fob number, such as 12345678 or 5566453/32") from None


def read_words(text: str) -> ask.Request:
    """Return the request that `text` means. Raises WordsError with the cure."""
    try:
        verb, *rest = shlex.split(text)
    except ValueError as error:
        raise WordsError(str(error)) from None
    reader = _VERBS.get(verb)
    if reader is None:
        raise WordsError(f"{verb}: one of {', '.join(_VERBS)}")
    return reader(_Given(tuple(rest)))


def _fob(given: _Given) -> ask.Request:
    value, length = given.card(0)
    return ask.Fob(value, length, given.place(1))


def _face(given: _Given) -> ask.Request:
    action = given.choice(0, "press", "hold", "picture")
    if action == "picture":
        path = Path(given.need(1, "a file")).resolve()
        return ask.FacePicture(str(path), given.place(2))
    return ask.FacePress(given.place(1), 300 if action == "press" else 3_500)


def _exit(given: _Given) -> ask.Request:
    if given.words and given.words[0] in {"on", "off"}:
        return ask.Exit(given.words[0] == "on", given.place(1))
    return ask.Exit(None, given.place(0))


def _guard(given: _Given) -> ask.Request:
    action = given.choice(0, "on", "reason", "hold-open", *_GUARD_ACTIONS)
    if action == "on":
        pin = given.need(2, "a PIN")
        return ask.Panel("sign_on", given.place(3), given.card(1), pin)
    if action == "reason":
        return ask.Panel("give_reason", given.place(2), reason=given.need(1, "a reason"))
    if action == "hold-open":
        reason, card, pin = given.need(1, "a reason"), given.card(2), given.need(3, "a PIN")
        return ask.Panel("hold_open", given.place(4), card, pin, reason)
    return ask.Panel(_GUARD_ACTIONS[action], given.place(1))


def _clock(given: _Given) -> ask.Request:
    word = given.need(0, "a jump such as +90s")
    number = word.rstrip("smhd")
    unit = word[len(number) :]
    if number[:1] not in {"+", "-"} or not number[1:].isdecimal() or unit not in _UNITS_MS:
        raise WordsError(f"{word} is no jump: write +90s, -1h, +2d")
    return ask.ClockJump(int(number) * _UNITS_MS[unit])


_VERBS: dict[str, Callable[[_Given], ask.Request]] = {
    "fob": _fob,
    "keys": lambda g: ask.Keys(g.need(0, "keys"), g.place(1)),
    "picture": lambda g: ask.Picture(str(Path(g.need(0, "a file")).resolve()), g.place(1)),
    "face": _face,
    "door": lambda g: ask.Door(g.choice(0, "open", "closed") == "open", g.place(1)),
    "person": lambda g: ask.AutoDoor(g.choice(0, "on", "off") == "on", g.place(1)),
    "exit": _exit,
    "call": lambda g: ask.Call(g.place(0)),
    "fire": lambda g: ask.Fire(g.choice(0, "on", "off") == "on"),
    "fire-line": lambda g: ask.FireFault(g.choice(0, "cut", "ok") == "cut"),
    "tamper": lambda g: ask.Tamper(g.choice(0, "open", "closed") == "open"),
    "power": lambda g: ask.Battery(g.choice(0, "battery", "mains") == "battery"),
    "guard": _guard,
    "cable": lambda g: ask.Cable(g.choice(0, "out", "in") == "in", g.place(1)),
    "reader": lambda g: ask.Reader(g.need(0, "a mode"), g.place(1)),
    "lines": lambda g: ask.Lines(g.choice(0, "out", "in") == "in"),
    "stuck": lambda g: ask.RelayStuck(g.choice(0, "on", "off") == "on", g.place(1)),
    "clock": _clock,
    "trust": lambda g: ask.ClockTrustSet(_TRUST[g.choice(0, *_TRUST)]),
    "worker": lambda g: (g.choice(0, "kill"), ask.WorkerKill())[1],
    "power-cut": lambda _given: ask.PowerCut(),
    "relays": lambda _given: ask.Relays(),
    "shown": lambda g: ask.ShownState(g.place(0)),
    "adapters": lambda _given: ask.Adapters(),
}
