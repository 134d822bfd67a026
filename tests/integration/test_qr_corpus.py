"""Read photographs from the wild, and the seeded generator of degraded frames against pyzbar."""

import contextlib
import io
import json
import os
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import segno
from pyzbar.pyzbar import ZBarSymbol
from pyzbar.pyzbar import decode as pyzbar_decode

from edge.workers.qr.cli import read_qr
from edge.workers.qr.decode import load_decoder
from edge.workers.qr.pictures import MAX_PIXELS, PictureError, read_picture
from tests.support import frames

ASSETS = Path(os.environ.get("EQUALGATE_ASSETS", str(Path(__file__).parents[2] / ".." / "shared")))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    lines: list[dict[str, Any]]


def read(*paths: Path) -> Answer:
    out = io.StringIO()
    status = read_qr(list(paths), out)
    return Answer(status, [json.loads(line) for line in out.getvalue().splitlines()])


def plain(text: object) -> str:
    assert isinstance(text, str)
    return text.replace("\r\n", "\n").strip()


def test_read_qr_on_pictures_from_the_wild() -> None:
    manifest = ASSETS / "qr" / "MANIFEST.json"
    if not manifest.is_file():
        pytest.skip(f"no qr/MANIFEST.json under EQUALGATE_ASSETS ({ASSETS})")
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    answer = read(*(manifest.parent / entry["file"] for entry in entries))
    assert answer.status == 0
    exact, wrong, false_positives = 0, [], []
    for entry, line in zip(entries, answer.lines, strict=True):
        assert line.keys() == {"file", "texts", "reader", "ms"}
        texts = [plain(text) for text in line["texts"]]
        if entry["expected"] is None:
            false_positives += texts
        elif texts == [plain(entry["expected"])]:
            exact += 1
        else:
            wrong += texts
    assert len([entry for entry in entries if entry["expected"] is not None]) == 40
    assert exact >= 38
    assert wrong == []
    assert false_positives == []


def test_bad_files_are_named_with_the_cure_and_others_go_on(tmp_path: Path) -> None:
    good = tmp_path / "好.png"
    segno.make_qr("AC1:GOOD").save(str(good), scale=4)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cut = tmp_path / "cut.png"
    cut.write_bytes(good.read_bytes()[:40])
    bomb = tmp_path / "bomb.png"
    side = (MAX_PIXELS // 100).to_bytes(4, "big")
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + side + (101).to_bytes(4, "big") + bytes(9))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    answer = read(tmp_path / "none.png", text, cut, bomb, pipe, tmp_path, good)
    assert answer.status == 1
    assert answer.lines[-1]["texts"] == ["AC1:GOOD"]
    assert answer.lines[-1]["file"] == str(good)
    for line in answer.lines[:-1]:
        assert line.keys() == {"file", "error", "cure"}
        assert " / " in str(line["error"])
        assert " / " in str(line["cure"])


def test_files_cut_at_any_length_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    frame = frames.render("AC1:CUT", "clean", 1)[::4, ::4]
    layered = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGRA)
    for suffix in (".png", ".jpg", ".webp", ".bmp"):
        for image in (frame, layered):
            whole = cv2.imencode(suffix, image)[1].tobytes()
            for length in (*range(64), len(whole) // 2, len(whole) - 1):
                path.write_bytes(whole[:length])
                with contextlib.suppress(PictureError):
                    read_picture(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_every_picture_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"code{suffix}"
    assert cv2.imwrite(str(path), frames.render("AC1:FORMAT", "clean", 1))
    answer = read(path)
    assert answer.status == 0
    assert answer.lines[0]["texts"] == ["AC1:FORMAT"]


def test_black_code_on_nothing_is_read_as_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    segno.make_qr("AC1:CLEAR").save(str(path), scale=4, light=None)
    assert read(path).lines[0]["texts"] == ["AC1:CLEAR"]


def test_read_qr_from_a_folder_that_is_gone(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    assert read(tmp_path / "a.png").status == 1


def test_generator_is_deterministic_and_our_reader_beats_pyzbar() -> None:
    decoder = load_decoder()
    ours = theirs = 0
    ours_ms: list[float] = []
    for condition in frames.conditions():
        for seed in range(3):
            chance = random.Random(f"{condition}{seed}")
            text = "AC1:" + "".join(chance.choice(ALPHABET) for _ in range(130)).strip()
            frame = frames.render(text, condition, seed)
            assert frame.shape == (480, 640)
            assert frame.dtype == np.uint8
            begin_s = time.perf_counter()
            look = decoder.thorough(frame)
            ours_ms.append((time.perf_counter() - begin_s) * 1000)
            assert [reading.text for reading in look.readings] in ([], [text])
            ours += bool(look.readings)
            symbols = pyzbar_decode(frame, symbols=[ZBarSymbol.QRCODE])
            theirs += any(symbol.data == text.encode() for symbol in symbols)
    assert len(frames.conditions()) == 22
    assert ours >= 1.2 * theirs
    assert ours >= 0.86 * 22 * 3
    assert sorted(ours_ms)[len(ours_ms) // 2] < 10
    again = [frames.render("AC1:SAME", "mixed_hard", 5) for _ in range(2)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], frames.render("AC1:SAME", "mixed_hard", 6))


def test_nothing_is_read_where_there_is_no_code() -> None:
    decoder = load_decoder()
    for seed in range(20):
        look = decoder.thorough(frames.render("", frames.NEGATIVE, seed))
        assert look.readings == ()
        assert not look.code_like


def test_I01_random_blobs_come_back_as_text_or_not_at_all() -> None:
    decoder = load_decoder()
    chance = random.Random(11)
    for _ in range(1000):
        blob = chance.randbytes(chance.randrange(1, 60))
        code = segno.make(blob, mode="byte", error="l", mask=3)
        modules = np.array([list(row) for row in code.matrix_iter(border=4)], dtype=np.uint8)
        frame = np.kron(255 - 255 * modules, np.ones((3, 3), dtype=np.uint8)).astype(np.uint8)
        for reading in decoder.first(frame).readings:
            reading.text.encode()
