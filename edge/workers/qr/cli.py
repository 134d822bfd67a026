"""Read the QR codes in picture files: the body of ``equalgate edge read-qr``."""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from edge.workers.qr.decode import Decoder, load_decoder
from edge.workers.qr.pictures import PictureError, read_picture
from edge.workers.qr.stills import read_still

__all__ = ["read_qr"]


def read_qr(paths: Sequence[Path], out: TextIO | None = None) -> int:
    """Print one JSON line per picture to ``out`` (the standard output); return 0 or 1.

    A line is ``{"file", "texts", "reader", "ms"}``: the texts in the order of the reader, the
    reader that got them or null, and the milliseconds of reading without loading the file. A file
    that is no picture gets ``{"file", "error", "cure"}``, zh-CN and English, the others go on and
    the answer is 1.
    """
    try:
        decoder = load_decoder()
    except ImportError as error:
        for path in paths:
            _print(_refusal(path, "没有二维码读取库 / no QR reader here", str(error)), out)
        return 1
    decoder.warm_up()
    is_clean = True
    for path in paths:
        line = _line(decoder, path)
        is_clean = is_clean and "error" not in line
        _print(line, out)
    return 0 if is_clean else 1


def _line(decoder: Decoder, path: Path) -> dict[str, object]:
    try:
        grey = read_picture(path)
    except PictureError as error:
        return _refusal(path, error.problem, error.cure)
    begin_ms = _mono_ms()
    look = read_still(decoder, grey, _mono_ms)
    took_ms = round(_mono_ms() - begin_ms, 2)
    reader = look.readings[0].reader if look.readings else None
    texts = [reading.text for reading in look.readings]
    return {"file": _name(path), "texts": texts, "reader": reader, "ms": took_ms}


def _refusal(path: Path, problem: str, cure: str) -> dict[str, object]:
    return {"file": _name(path), "error": problem, "cure": cure}


def _name(path: Path) -> str:
    # A name that is not UTF-8 must not stop the others.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _print(line: dict[str, object], out: TextIO | None) -> None:
    print(json.dumps(line, ensure_ascii=False), file=out or sys.stdout, flush=True)


def _mono_ms() -> float:
    return time.monotonic() * 1000
