"""Read QR codes in one grey picture.

zxing-cpp goes first, on a miss with two preparations of the picture (soften and equalise, sharpen),
then pyzbar. Measured on the seeded generator of the tests the first three together read all that
any reader reads; pyzbar adds glare and is 10 times slower. Two traps of the libraries shape this
file: zbar guesses the encoding of bytes and alters them, so only its ASCII results count, and the
default text mode of zxing escapes control characters, so ``TextMode.Plain`` is asked for.
"""

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from edge.workers.qr.frames import Grey

__all__ = ["Decoder", "Look", "PyzbarReader", "Reader", "Reading", "ZxingReader", "load_decoder"]

_Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the text of one code and the name of the reader that got it."""

    text: str
    reader: str


@dataclass(frozen=True, slots=True)
class Look:
    """Hold what one look at a picture gave; ``code_like`` also where a code is there but unread."""

    readings: tuple[Reading, ...]
    code_like: bool


class Reader(Protocol):
    """Read the codes of a picture as it is."""

    @property
    def name(self) -> str:
        """Return the library's name."""

    def read(self, grey: Grey) -> tuple[tuple[str, ...], bool]:
        """Return the texts and whether anything code-like was there."""


class ZxingReader:
    """Read with zxing-cpp: QR only, any turn, light on dark too."""

    name = "zxing"

    def __init__(self, zxingcpp: Any) -> None:  # noqa: ANN401 - an optional library
        self._zxing = zxingcpp
        kinds = zxingcpp.BarcodeFormat
        # From 3.0 "QRCode" also means Micro QR, whose weak checksum reads text out of textures.
        self._formats = getattr(kinds, "QRCodeModel2", kinds.QRCode)

    def read(self, grey: Grey) -> tuple[tuple[str, ...], bool]:
        """Return the texts; a symbol whose error correction failed still counts as code-like."""
        symbols = self._zxing.read_barcodes(
            np.ascontiguousarray(grey),
            formats=self._formats,
            text_mode=self._zxing.TextMode.Plain,
            return_errors=True,
        )
        found = [(_box(symbol.position), str(symbol.text)) for symbol in symbols if symbol.valid]
        return tuple(text for box, text in found if not _holds_another(box, found)), bool(symbols)


class PyzbarReader:
    """Read with zbar: QR only, ASCII texts only."""

    name = "pyzbar"

    def __init__(self, pyzbar: Any) -> None:  # noqa: ANN401 - an optional library
        self._pyzbar = pyzbar

    def read(self, grey: Grey) -> tuple[tuple[str, ...], bool]:
        """Return the ASCII texts; zbar does not tell of codes that it could not read."""
        symbols = self._pyzbar.decode(grey, symbols=[self._pyzbar.ZBarSymbol.QRCODE])
        texts = tuple(symbol.data.decode("ascii") for symbol in symbols if symbol.data.isascii())
        return texts, bool(symbols)


class Decoder:
    """Hold the readers of this machine in the order in which they are asked."""

    def __init__(self, readers: tuple[Reader, ...]) -> None:
        self._readers = readers

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the readers present."""
        return tuple(reader.name for reader in self._readers)

    def warm_up(self) -> None:
        """Read an empty picture, so that the first real one pays for no loading."""
        self.thorough(np.full((480, 640), 200, dtype=np.uint8))

    def first(self, grey: Grey) -> Look:
        """Return the quick look that every frame gets: the first reader, the picture as it is."""
        return _look(self._readers[0], grey)

    def retry(self, grey: Grey, *, with_slow_readers: bool = True) -> Look:
        """Return the look that a miss gets: prepared pictures, then the slower readers."""
        code_like = False
        for look in self._retries(grey, with_slow_readers=with_slow_readers):
            code_like = code_like or look.code_like
            if look.readings:
                return look
        return Look((), code_like)

    def thorough(self, grey: Grey) -> Look:
        """Return the first look, and on a miss the retry."""
        look = self.first(grey)
        if look.readings:
            return look
        again = self.retry(grey)
        return Look(again.readings, look.code_like or again.code_like)

    def _retries(self, grey: Grey, *, with_slow_readers: bool) -> Iterator[Look]:
        first, *others = self._readers
        yield _look(first, softened(grey), "+clahe")
        yield _look(first, sharpened(grey), "+unsharp")
        if with_slow_readers:
            for reader in others:
                yield _look(reader, grey)


def load_decoder() -> Decoder:
    """Return a decoder with the readers that this machine has.

    Raises ``ImportError`` with the cure where there is none.
    """
    cv2.setNumThreads(1)
    # A damaged picture is our answer to give, not a line of the library's on stderr.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    readers: list[Reader] = []
    with contextlib.suppress(ImportError):
        readers.append(ZxingReader(importlib.import_module("zxingcpp")))
    with contextlib.suppress(ImportError):
        readers.append(PyzbarReader(importlib.import_module("pyzbar.pyzbar")))
    if not readers:
        cure = "install zxing-cpp, or pyzbar and the library libzbar0"
        raise ImportError(f"no QR reader here: {cure}")
    return Decoder(tuple(readers))


def softened(grey: Grey) -> Grey:
    """Return ``grey`` without noise and with its local contrast evened out."""
    calm = cv2.GaussianBlur(grey, (5, 5), 0)
    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(calm), dtype=np.uint8)


def sharpened(grey: Grey) -> Grey:
    """Return ``grey`` with its edges raised: the cure for a slightly wrong focus."""
    calm = cv2.GaussianBlur(grey, (0, 0), 2.0)
    return np.asarray(cv2.addWeighted(grey, 2.5, calm, -1.5, 0), dtype=np.uint8)


def _look(reader: Reader, grey: Grey, suffix: str = "") -> Look:
    texts, code_like = reader.read(grey)
    name = reader.name + suffix
    return Look(tuple(Reading(text, name) for text in dict.fromkeys(texts)), code_like)


def _box(position: Any) -> _Box:  # noqa: ANN401 - an optional library's type
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    across, down = [corner.x for corner in corners], [corner.y for corner in corners]
    return min(across), min(down), max(across), max(down)


def _holds_another(box: _Box, found: list[tuple[_Box, str]]) -> bool:
    """Tell whether a smaller code covers part of this one.

    Such a code is read only because its error correction makes up for the part that is covered;
    the whole one on top is the one that is shown.
    """
    return any(
        other != box
        and box[0] <= other[0]
        and box[1] <= other[1]
        and other[2] <= box[2]
        and other[3] <= box[3]
        for other, _ in found
    )
