import pytest

from edge.workers.qr.frames import CodeText
from edge.workers.qr.serial_engine import SerialFramer

PASS = "AC1:6BF5WQ4D%-$ 7E:B0/9Z*K3 A2.X+"


def texts(framer: SerialFramer, chunk: bytes, mono_ms: float = 0.0) -> list[str]:
    return [item.text for item in framer.feed(chunk, mono_ms)]


@pytest.mark.parametrize(
    "framed",
    [
        b"\x02%s\x03",
        b"\x02%s\x03\r\n",
        b"%s\r",
        b"%s\n",
        b"%s\r\n",
        b"\r\n%s\r\n",
        b"noise\x02%s\x03",
    ],
)
def test_every_framing_gives_the_text(framed: bytes) -> None:
    assert texts(SerialFramer(), framed % PASS.encode()) == [PASS]


def test_text_may_come_byte_by_byte() -> None:
    framer = SerialFramer()
    items: list[CodeText] = []
    for index, byte in enumerate(PASS.encode() + b"\r"):
        items += framer.feed(bytes([byte]), 1000.0 + index)
    assert items == [CodeText(PASS, None, 1000.0, 1000.0 + len(PASS))]


def test_half_line_does_not_spoil_the_next() -> None:
    framer = SerialFramer()
    assert texts(framer, b"AC1:HALF", 0.0) == []
    assert texts(framer, PASS.encode() + b"\r", 600.0) == [PASS]


def test_longest_text_passes_and_one_more_is_refused_without_content() -> None:
    framer = SerialFramer()
    assert texts(framer, b"A" * 600 + b"\r") == ["A" * 600]
    assert framer.feed(b"A" * 601 + b"\r", 5.0) == [CodeText("", "too_long", 5.0, 5.0)]
    assert framer.feed(bytes(range(32, 127)) * 70 + b"\r", 6.0)[0].refusal == "too_long"
    assert texts(framer, b"AFTER\r") == ["AFTER"]


@pytest.mark.parametrize(
    "line", [b"https://x", b"abc", b"\x00\x01", b"\xe9\x97\xa8", b"A;B", b"A'B"]
)
def test_foreign_characters_are_refused_without_content(line: bytes) -> None:
    [item] = SerialFramer().feed(line + b"\r", 0.0)
    assert (item.text, item.refusal) == ("", "charset")


@pytest.mark.parametrize(
    "line", [b"@SETUP01", b"NLS0006010", b"^#SC^03000000", b"$$$$#99900035;", b"PAPHHF.", b"MATCMD"]
)
def test_case45_set_up_codes_are_no_attempt(line: bytes) -> None:
    framer = SerialFramer()
    assert framer.feed(line + b"\r", 0.0) == []
    assert framer.set_up_codes == 1


def test_no_pass_looks_like_a_set_up_code() -> None:
    framer = SerialFramer()
    for text in (PASS, "AC1:NLS0006010", "AC1:ABCDEF.", "AC1:$$$$"):
        assert texts(framer, text.encode() + b"\r") == [text]
