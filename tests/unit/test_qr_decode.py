import importlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from edge.workers.qr.cli import read_qr
from edge.workers.qr.decode import Decoder, PyzbarReader, ZxingReader, load_decoder
from edge.workers.qr.frames import Grey, to_working_size
from edge.workers.qr.stills import read_still


def symbol(text: str, scale: int = 4) -> Grey:
    rows = [list(row) for row in segno.make_qr(text).matrix_iter(border=4)]
    modules = 255 - 255 * np.array(rows, dtype=np.uint8)
    return np.kron(modules, np.ones((scale, scale), dtype=np.uint8)).astype(np.uint8)


def zxing_only() -> Decoder:
    zxingcpp = pytest.importorskip("zxingcpp")
    return Decoder((ZxingReader(zxingcpp),))


def pyzbar_only() -> Decoder:
    pyzbar = pytest.importorskip("pyzbar.pyzbar")
    return Decoder((PyzbarReader(pyzbar),))


def test_each_reader_works_without_the_other() -> None:
    for decoder, name in ((zxing_only(), "zxing"), (pyzbar_only(), "pyzbar")):
        look = decoder.thorough(symbol("AC1:ALONE"))
        assert [reading.text for reading in look.readings] == ["AC1:ALONE"]
        assert decoder.names == (name,)
    assert load_decoder().names == ("zxing", "pyzbar")


@pytest.mark.parametrize("text", ["AC1:A\0B", "A\x1dB", "门禁通行", " AC1:X ", "\t\n"])
def test_zxing_gives_the_plain_text(text: str) -> None:
    [reading] = zxing_only().first(symbol(text)).readings
    assert reading.text == text


def test_pyzbar_gives_ascii_only() -> None:
    assert pyzbar_only().first(symbol("门禁通行")).readings == ()
    assert pyzbar_only().first(symbol("AC1:X")).readings != ()


def test_light_on_dark_mirrored_and_turned_codes_are_read() -> None:
    code = symbol("AC1:TURN")
    for picture in (255 - code, code[:, ::-1], np.rot90(code), np.rot90(code, 2)):
        look = zxing_only().first(np.asarray(picture, dtype=np.uint8))
        assert [reading.text for reading in look.readings] == ["AC1:TURN"]


def test_only_qr_codes_count() -> None:
    buffer = io.BytesIO()
    segno.make_micro("12345").save(buffer, kind="png", scale=8)
    micro = cv2.imdecode(np.frombuffer(buffer.getvalue(), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    assert load_decoder().thorough(np.asarray(micro, dtype=np.uint8)).readings == ()


def test_code_on_top_of_a_code_is_the_one_that_counts() -> None:
    rows = [list(row) for row in segno.make_qr("OUTER" * 12, error="h").matrix_iter(border=4)]
    outer = np.kron(255 - 255 * np.array(rows, dtype=np.uint8), np.ones((8, 8))).astype(np.uint8)
    inner = symbol("INNER", 2)
    top = (outer.shape[0] - inner.shape[0]) // 2
    both = outer.copy()
    both[top : top + inner.shape[0], top : top + inner.shape[1]] = inner
    assert [reading.text for reading in zxing_only().first(outer).readings] == ["OUTER" * 12]
    assert [reading.text for reading in zxing_only().first(both).readings] == ["INNER"]


def test_two_codes_side_by_side_are_two_readings() -> None:
    both = np.hstack([symbol("LEFT"), symbol("RIGHT")])
    assert {reading.text for reading in zxing_only().first(both).readings} == {"LEFT", "RIGHT"}


def test_working_size_keeps_the_shape() -> None:
    for shape, expected in (
        ((480, 640), (480, 640)),
        ((100, 90), (100, 90)),
        ((960, 1280), (480, 640)),
        ((4000, 1000), (480, 120)),
        ((1, 9000), (1, 640)),
    ):
        assert to_working_size(np.zeros(shape, dtype=np.uint8)).shape == expected


def test_still_stops_when_the_time_is_up() -> None:
    looks = iter(range(0, 100_000, 3000))
    noise = np.random.default_rng(1).integers(0, 255, (480, 640), dtype=np.uint8)
    assert read_still(zxing_only(), noise, lambda: float(next(looks))).readings == ()
    assert next(looks) == 9000


def test_machine_without_a_reader_is_told_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match="install zxing-cpp, or pyzbar"):
        load_decoder()
    out = io.StringIO()
    assert read_qr([Path("a.png"), Path("b.png")], out) == 1
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["file"] for line in lines] == ["a.png", "b.png"]
    assert "zxing-cpp" in lines[0]["cure"]
