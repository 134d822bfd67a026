"""Let a person drive a simulated gate: single commands, or a prompt.

Exit status: 0 done, 1 refused or not there, 2 words that mean nothing.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from edge.adapters.sim import requests as ask
from edge.adapters.sim.answers import (
    AnsweredAdapters,
    AnsweredRelays,
    AnsweredShown,
    RelayState,
    ShownText,
)
from edge.adapters.sim.client import RequestRefusedError, SimClient
from edge.adapters.sim.words import HELP, WordsError, read_words
from mqtt.contract.errors import UnavailableError

__all__ = ["run"]

_SHOWN_LINES = 10


def run(
    socket_path: Path,
    commands: Sequence[str] = (),
    *,
    given: TextIO | None = None,
    out: TextIO | None = None,
) -> int:
    """Carry out `commands`, or without any those read from `given` (the standard input)."""
    source, sink = given or sys.stdin, out or sys.stdout
    with SimClient(socket_path) as client:
        if commands:
            return next((code for text in commands if (code := _one(client, text, sink))), 0)
        return _prompt(client, source, sink)


def _prompt(client: SimClient, source: TextIO, sink: TextIO) -> int:
    is_person = source.isatty()
    worst = 0
    if is_person:
        _say(sink, "模拟门口机，输入 help 查看命令 / simulated gate; type help")
    while True:
        if is_person:
            sink.write("gate> ")
            sink.flush()
        line = source.readline()
        text = line.strip()
        if not line or text == "quit":
            return 0 if is_person else worst
        if text and not text.startswith("#"):
            worst = max(worst, _one(client, text, sink))


def _one(client: SimClient, text: str, sink: TextIO) -> int:
    if text.strip() == "help":
        _say(sink, HELP)
        return 0
    try:
        return _ask(client, read_words(text), sink)
    except WordsError as error:
        _say(sink, f"看不懂 / not understood: {error}")
        return 2
    except RequestRefusedError as error:
        _say(sink, f"{error.zh} / {error.en}")
        return 1
    except UnavailableError:
        _say(sink, "模拟门口机没有运行 / no simulated gate runs here: equalgate edge sim")
        return 1


def _ask(client: SimClient, request: ask.Request, sink: TextIO) -> int:
    match request:
        case ask.PowerCut():
            client.cut_power()
            _say(sink, "已断电 / power is cut")
        case ask.Relays():
            for relay in client.ask(request, AnsweredRelays).relays:
                _say(sink, _relay_line(relay))
        case ask.ShownState():
            for shown in client.ask(request, AnsweredShown).shown[-_SHOWN_LINES:]:
                _say(sink, _shown_line(shown))
        case ask.Adapters():
            for row in client.ask(request, AnsweredAdapters).adapters:
                _say(sink, f"{row.name}: {row.kind}")
        case _:
            client.do(request)
            _say(sink, "好 / done")
    return 0


def _relay_line(relay: RelayState) -> str:
    lock = "开锁 / unlocked" if relay.is_active else "锁定 / locked"
    door = "门开着 / door open" if relay.door_is_open else "门关着 / door closed"
    stuck = ", 卡住 / stuck" if relay.is_stuck else ""
    return f"{relay.portal}: {lock}, {door}{stuck}, {len(relay.history)} x"


def _shown_line(shown: ShownText) -> str:
    zh = " ".join(part for part in (shown.headline[0], shown.detail[0], shown.age_line[0]) if part)
    return f"{shown.mono_ms} {shown.access_point}: {shown.signal} ({shown.reason}) {zh}"


def _say(sink: TextIO, text: str) -> None:
    sink.write(text + "\n")
    sink.flush()
