"""What a gate's screen shows, when it stops, and what a finger on it can do."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.adapters.line_server import socket_address
from edge.adapters.screen import ScreenFile
from edge.adapters.touch import TouchDesk
from edge.domain.effects import Indicate, Signal, TellFace
from edge.domain.face_inputs import KeyPressed
from edge.domain.face_orders import DisarmFace
from edge.domain.inputs import CallPressed, Input
from edge.domain.outlook import Outlook, outlook_at
from edge.kiosk.draw import fragment
from edge.kiosk.follow import Boards, Voice, monotonic_ms
from edge.kiosk.reading import GONE_MS, Reading, read_board
from edge.kiosk.speaker import FileSpeaker, Prompt, SimSpeaker, SpeechProgram, speaker_named
from edge.kiosk.view import State, view_of
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from tests.support.face_gate import FaceRun
from tests.support.gate_factories import IN
from tests.support.hardware import MonotonicClock
from tests.support.screens import PLACE, STATES, board_json, shown_as

NOW = 1_000_000


def reading(state: str, ago_ms: int = 100) -> Reading:
    return msgspec.json.decode(board_json(state, NOW, shown_ago_ms=ago_ms), type=Reading)


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_something_in_both_languages_and_names_nobody(state: str) -> None:
    view = view_of(reading(state), NOW)
    assert view.head[0]
    assert view.head[1].isascii()
    drawn = fragment(view, PLACE, english_first=False)
    assert "<h1" in drawn
    assert 'style="' not in drawn


def test_idle_shows_four_ways_in_order_and_face_last() -> None:
    view = view_of(reading("idle"), NOW)
    assert (view.state, list(view.ways)) == (State.IDLE, ["qr", "fob", "guard", "face"])
    drawn = fragment(view, PLACE, english_first=False)
    assert "按下才开启，限已登记者" in drawn
    assert drawn.count('class="tile works"') == 4
    without = view_of(reading("idle-without-face"), NOW)
    assert "face" not in without.ways
    assert fragment(without, PLACE, english_first=False).count('class="tile off"') == 1


def test_an_answer_makes_room_for_the_next_person() -> None:
    assert view_of(reading("granted", 4_900), NOW).state is State.GRANTED
    assert view_of(reading("granted", 5_100), NOW).state is State.IDLE
    assert view_of(reading("refused", 8_100), NOW).state is State.IDLE
    assert view_of(reading("consent", 30_100), NOW).state is State.IDLE


def test_the_camera_counts_down_and_can_be_cancelled() -> None:
    assert view_of(reading("armed", 0), NOW).seconds == 8
    view = view_of(reading("armed", 5_200), NOW)
    assert (view.seconds, view.can_cancel) == (3, True)
    assert view_of(reading("armed", 8_001), NOW).state is State.IDLE
    hinted = msgspec.structs.replace(reading("armed", 3_000), reason="come_closer", shown_ms=NOW)
    assert view_of(hinted, NOW).seconds == 5


def test_a_refusal_names_the_next_step_and_the_ways_that_work_without_face() -> None:
    view = view_of(reading("face-refused"), NOW)
    assert view.step == (
        "您可以再试一次，或用：二维码、门禁卡、保安",
        "Try again, or use: QR code, fob, guard",
    )


def test_offline_says_since_when_and_a_silent_gate_is_out_of_service() -> None:
    assert view_of(reading("offline"), NOW).age[0] == "离线使用，名单 3 小时前更新"
    assert view_of(reading("idle"), NOW).age == ("", "")
    assert view_of(reading("idle"), NOW + GONE_MS + 1).state is State.OUT
    assert view_of(None, NOW).state is State.OUT


def test_a_question_shows_the_notice_and_two_answers_of_the_same_kind() -> None:
    drawn = fragment(view_of(reading("consent"), NOW), PLACE, english_first=False)
    assert "刷脸自愿" in drawn
    assert drawn.count('class="answer"') == 2
    assert "/call" not in drawn
    assert drawn.count("<form") == 1, "a finger can say no; yes is the button of the gate"


def test_what_cannot_be_read_counts_as_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ap.json"
    for content in (b"", b"{", b"[]", b'{"access_point": 5}', b"\xff" * 40_000):
        file.write_bytes(content)
        assert read_board(file) is None
    assert read_board(tmp_path / "none.json") is None


def test_the_daemons_side_keeps_what_was_shown_while_the_outlook_is_renewed(tmp_path: Path) -> None:
    screen = ScreenFile(tmp_path, PLACE)
    screen.start(lambda _item: None)
    screen.show(shown_as(Signal.LOOK, ReasonCode.FACE_ARMED))
    screen.show(shown_as(Signal.LOOK, ReasonCode.COME_CLOSER))
    screen.stand(Outlook({"qr": "ready"}, "secured", 700))
    screen.stop()
    board = read_board(tmp_path / f"{PLACE}.json")
    assert board is not None
    assert (board.reason, board.ways, board.list_age_s) == ("come_closer", {"qr": "ready"}, 700)
    assert board.armed_ms <= board.shown_ms <= board.written_ms


def test_the_outlook_of_a_gate_with_face() -> None:
    gate = FaceRun()
    outlook = outlook_at(gate.state, gate.knowledge, IN, 5)
    assert set(outlook.ways) == {"qr", "fob", "pin", "guard", "face"}
    assert (outlook.door, outlook.is_armed) == ("secured", False)
    gate.press()
    assert outlook_at(gate.state, gate.knowledge, IN, 5).is_armed


def test_cancel_closes_the_camera_and_a_later_answer_counts_no_more() -> None:
    gate = FaceRun()
    gate.press()
    effects = gate.send(KeyPressed(gate.at, IN, AdapterKind.SIMULATED))
    assert any(e == TellFace(DisarmFace(IN), wait_for_disk=False) for e in effects)
    assert Indicate(IN, Signal.DONE, ReasonCode.FACE_CANCELLED) in effects
    assert gate.seen(reason=ReasonCode.NO_MATCH) is ReasonCode.INTENT_MISSING


@pytest.fixture
def touches(tmp_path: Path) -> Iterator[tuple[Path, list[Input]]]:
    heard: list[Input] = []
    desk = TouchDesk(tmp_path / "t.sock", [PLACE], MonotonicClock(), AdapterKind.SIMULATED)
    desk.start(heard.append)
    yield tmp_path / "t.sock", heard
    desk.stop()


def test_a_touch_can_call_and_say_no_and_nothing_else(touches: tuple[Path, list[Input]]) -> None:
    path, heard = touches
    lines = [
        {"do": "call", "access_point": PLACE},
        {"do": "no", "access_point": PLACE},
        {"do": "open", "access_point": PLACE},
        {"do": "call", "access_point": "elsewhere"},
    ]
    with socket_address(path) as address, socket.socket(socket.AF_UNIX) as link:
        link.connect(address)
        answers = []
        for line in lines:
            link.sendall(json.dumps(line).encode() + b"\n")
            answers.append(link.recv(16))
    assert answers == [b"ok\n", b"ok\n", b"refused\n", b"refused\n"]
    assert [type(item) for item in heard] == [CallPressed, KeyPressed]


def test_prompts_are_spoken_once_and_the_notice_is_read_out(tmp_path: Path) -> None:
    speaker, file = SimSpeaker(), tmp_path / f"{PLACE}.json"
    voice = Voice(Boards(tmp_path), speaker, "zh-CN")
    for number, state in enumerate(("idle", "consent", "refused")):
        file.write_text(board_json(state, monotonic_ms(), shown_ago_ms=2_000 - 500 * number))
        voice.look()
        voice.look()
    assert [said.key for said in speaker.said] == ["consent_asked", "stale"]
    assert "刷脸自愿" in speaker.said[0].text
    assert "门禁卡" in speaker.said[-1].text


def test_speakers_that_are_missing_stay_silent(tmp_path: Path) -> None:
    prompt = Prompt("granted", "请进", "zh-CN")
    for name in ("none", "no-such-speech-program", f"files:{tmp_path}"):
        speaker_named(name).say(prompt)
    told = tmp_path / "told"
    program = tmp_path / "say"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{told}"\n')
    program.chmod(0o755)
    SpeechProgram(str(program)).say(prompt)
    FileSpeaker(tmp_path, str(program)).say(prompt)
    (tmp_path / "granted.zh.wav").touch()
    FileSpeaker(tmp_path, str(program)).say(prompt)
    said = told.read_text().splitlines()
    assert said == ["-v cmn -s 150 -- 请进", f"-q {tmp_path}/granted.zh.wav"]


def test_the_screens_run_in_a_process_of_their_own(tmp_path: Path) -> None:
    code = (
        "import edge.bootstrap, sys; print([m for m in sys.modules if m.startswith('edge.kiosk')])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
