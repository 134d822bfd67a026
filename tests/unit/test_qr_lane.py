from collections import deque

import numpy as np

from edge import worker_wire as wire
from edge.workers.qr.budget import BudgetSpec
from edge.workers.qr.decode import Decoder
from edge.workers.qr.frames import CodeText, Frame, Grey, SourceState
from edge.workers.qr.lane import Lane

BLANK = np.zeros((2, 2), dtype=np.uint8)


class Clock:
    def __init__(self) -> None:
        self.now_ms = 10_000.0

    def __call__(self) -> float:
        return self.now_ms


class Script:
    """A reader whose answers are written down; it looks at no picture, but time passes."""

    def __init__(self, name: str, clock: Clock, cost_ms: float = 1.0) -> None:
        self.name = name
        self.answers: deque[tuple[tuple[str, ...], bool]] = deque()
        self.looks = 0
        self._clock = clock
        self._cost_ms = cost_ms

    def read(self, grey: Grey) -> tuple[tuple[str, ...], bool]:
        self.looks += 1
        self._clock.now_ms += self._cost_ms
        return self.answers.popleft() if self.answers else ((), False)


class Camera:
    is_simulated = False
    dropped = 0

    def __init__(self) -> None:
        self.state: SourceState = "live"
        self.items: deque[Frame | CodeText] = deque()
        self.fault: str | None = None

    def start(self) -> None:
        pass

    def take(self) -> Frame | CodeText | None:
        return self.items.popleft() if self.items else None

    def take_fault(self) -> str | None:
        fault, self.fault = self.fault, None
        return fault

    def close(self) -> None:
        pass


class Bench:
    def __init__(self, spec: BudgetSpec | None = None, cost_ms: float = 1.0) -> None:
        self.clock = Clock()
        self.camera = Camera()
        self.zxing = Script("zxing", self.clock, cost_ms)
        self.pyzbar = Script("pyzbar", self.clock, cost_ms)
        decoder = Decoder((self.zxing, self.pyzbar))
        self.lane = Lane("ap-1", self.camera, decoder, self.clock, spec or BudgetSpec())
        self.lane.health()

    def see(
        self, *answers: tuple[tuple[str, ...], bool], after_ms: float = 33.0
    ) -> list[wire.Message]:
        self.clock.now_ms += after_ms
        self.camera.items.append(Frame(BLANK, self.clock.now_ms))
        self.zxing.answers = deque(answers)
        messages, has_read = self.lane.turn()
        assert has_read
        return messages


def test_empty_frames_get_retries_each_fifth_time_and_never_the_slow_reader() -> None:
    bench = Bench()
    for _ in range(50):
        assert bench.see() == []
    assert bench.zxing.looks == 50 + 10 * 2
    assert bench.pyzbar.looks == 0


def test_unread_code_is_presence_once_and_starts_the_clock() -> None:
    bench = Bench()
    [presence] = bench.see(((), True))
    assert presence == wire.Presence("ap-1", 10_033)
    assert bench.pyzbar.looks == 1
    assert bench.see(((), True)) == []
    [seen] = bench.see((("AC1:X",), True))
    assert isinstance(seen, wire.QrSeen)
    assert seen.first_seen_mono_ms == 10_033
    assert seen.decoded_mono_ms > 10_099


def test_retry_reads_what_the_first_look_missed() -> None:
    bench = Bench()
    [seen] = bench.see(((), True), ((), True), (("AC1:X",), True))
    assert isinstance(seen, wire.QrSeen)
    assert seen.reader == "zxing+unsharp"


def test_code_held_up_for_a_minute_is_one_report() -> None:
    bench = Bench()
    reports = [message for _ in range(1800) for message in bench.see((("AC1:X",), True))]
    assert len(reports) == 1


def test_over_long_text_is_refused_without_its_content() -> None:
    bench = Bench()
    assert bench.see((("A" * 600,), True)) != []
    [refused] = bench.see((("SECRET" * 101,), True))
    assert isinstance(refused, wire.QrRefused)
    assert refused.reason == "too_long"
    assert "SECRET" not in repr(refused)


def test_two_codes_in_one_frame_are_two_reports() -> None:
    bench = Bench()
    seen = bench.see((("AC1:X", "AC1:Y"), True))
    assert [message.text for message in seen if isinstance(message, wire.QrSeen)] == [
        "AC1:X",
        "AC1:Y",
    ]


def test_case44_costly_frames_are_let_go_when_the_budget_is_spent() -> None:
    bench = Bench(BudgetSpec(decode_ms_per_s=100.0), cost_ms=50.0)
    for _ in range(300):
        bench.see((("AC1:X",), True), after_ms=10.0)
    health = bench.lane.health()
    assert health.frames == 300
    assert health.dropped > 150
    # A hundred of every thousand ms, one second's worth saved up, one look overdrawn.
    spent_ms = bench.zxing.looks * 50
    assert spent_ms <= 100 + (bench.clock.now_ms - 10_000) * 0.1 + 50


def test_flood_of_texts_is_dropped_and_counted() -> None:
    bench = Bench()
    reports = [
        message
        for index in range(100)
        for message in bench.see(((f"AC1:{index}",), True), after_ms=1)
    ]
    assert len(reports) <= 10
    assert bench.lane.health().dropped >= 90


def test_serial_texts_keep_the_moment_of_their_first_byte() -> None:
    bench = Bench()
    bench.camera.items.append(CodeText("AC1:X", None, 9000.0, 9020.0))
    [seen], _ = bench.lane.turn()
    assert seen == wire.QrSeen("ap-1", "AC1:X", "serial", 9000, 9020)
    bench.camera.items.append(CodeText("", "charset", 9100.0, 9120.0))
    [refused], _ = bench.lane.turn()
    assert isinstance(refused, wire.QrRefused)
    assert refused.reason == "charset"


def test_fault_and_change_of_state_are_told_once() -> None:
    bench = Bench()
    bench.camera.fault, bench.camera.state = "camera_lost", "faulted"
    messages, has_read = bench.lane.turn()
    assert has_read
    assert [type(message) for message in messages] == [wire.ReaderFault, wire.WorkerHealth]
    assert bench.lane.turn() == ([], False)


def test_picture_for_a_real_camera_is_refused() -> None:
    bench = Bench()
    assert bench.lane.show(wire.ShowSource("ap-1", "/x.png")) == [
        wire.CommandRefused("ap-1", "source_is_real")
    ]


def test_what_was_seen_while_nobody_listened_is_dropped() -> None:
    bench = Bench()
    bench.see((("AC1:X",), True))
    bench.camera.items.append(Frame(BLANK, bench.clock.now_ms))
    bench.lane.forget()
    assert bench.lane.turn() == ([], False)
    assert len(bench.see((("AC1:X",), True))) == 1
