"""What every page rests on: own paths only, words in both languages, QR codes that can be read."""

import cv2
import numpy as np
import pytest
import zxingcpp

from controller.web.page import Look, own_path, qr_svg
from controller.web.words import CHINESE, ENGLISH, Words

NOW_MS = 1_795_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/",
        "/\\elsewhere.test",
        "\\\\elsewhere.test",
        "javascript:alert(1)",
        "/me\r\nSet-Cookie: a=b",
        "",
        "me",
    ],
)
def test_a_path_of_another_site_becomes_the_front_page(text: str) -> None:
    assert own_path(text) == "/"


def test_an_own_path_stays_and_is_quoted() -> None:
    assert own_path("/me/guests?kind=guest") == "/me/guests?kind=guest"
    assert own_path('/me/"><script>') == "/me/%22%3E%3Cscript%3E"


def test_a_look_is_two_words_and_names_nobody() -> None:
    assert Look().cookie == "zh"
    assert Look(ENGLISH, is_elder=True).cookie == "en-elder"


@pytest.mark.parametrize(("language", "said"), [(CHINESE, "今天"), (ENGLISH, "Today")])
def test_times_are_said_in_the_compounds_zone(language: str, said: str) -> None:
    w = Words(language, "Asia/Shanghai", NOW_MS)
    assert w.time(NOW_MS) == f"{said} 19:06"
    assert w.iso_day(NOW_MS) == "2026-11-18"
    assert w.day(NOW_MS - 10 * 86_400_000) == "2026-11-08"
    assert w.of_iso("") == ""
    assert w.of_iso("2026-11-18T19:06:40+08:00") == f"{said} 19:06:40"


def test_every_verdict_has_a_word_and_the_states_of_ways_too() -> None:
    w = Words(CHINESE, "Asia/Shanghai", NOW_MS)
    for verdict in ("PASS", "FAIL", "INSUFFICIENT DATA", "not_applicable", "NEEDS HUMAN"):
        assert w.verdict(verdict)
    assert w.state("whatever") == w.state("")


def test_a_drawn_code_reads_back() -> None:
    text = "AC1:" + "A1B2C3D4E5" * 12
    drawn = str(qr_svg(text, 'a "label"'))
    assert 'aria-label="a &#34;label&#34;"' in drawn
    assert _read(drawn) == text


def _read(svg: str) -> str:
    """Draw the strokes of an SVG of segno into a picture and read it."""
    size = int(svg.split('viewBox="0 0 ')[1].split(maxsplit=1)[0])
    picture = np.full((size, size), 255, np.uint8)
    path = svg.split(' d="')[1].split('"', maxsplit=1)[0]
    x, y = 0.0, 0.0
    for step in path.replace("M", "|M").replace("m", "|m").replace("h", "|h").split("|")[1:]:
        numbers = [float(each) for each in step[1:].split()]
        if step[0] == "M":
            x, y = numbers
        elif step[0] == "m":
            x, y = x + numbers[0], y + numbers[1]
        else:
            picture[int(y), int(x) : int(x + numbers[0])] = 0
            x += numbers[0]
    large = cv2.resize(picture, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    found = zxingcpp.read_barcodes(large)
    return found[0].text if found else ""
