"""Draw passes as a person would show them: on paper with a margin, or on a phone's screen."""

import re
import struct
import zlib
from pathlib import Path

import segno

from equalgate.demo.steps import StepFailedError

__all__ = ["draw_pass", "photograph"]

_QUIET_MODULES = 4
_SCALE = 8
_CODE = re.compile(
    r'<svg class="qr"[^>]*viewBox="0 0 (\d+) \d+">.*?\bd="M(\d+) (\d+)\.5([^"]*)"', re.DOTALL
)
_PEN = re.compile(r"h(\d+)|m(-?\d+) (-?\d+)")


def draw_pass(text: str, file: Path, *, scale: int = _SCALE) -> Path:
    """Write `text` as a QR code (error correction M, four modules of quiet zone) to a PNG file."""
    code = segno.make(text, error="m", boost_error=False, micro=False)
    code.save(str(file), scale=scale, border=_QUIET_MODULES)
    return file


def photograph(page: str, file: Path) -> Path:
    """Write the first code that a page shows (SVG, with its quiet zone) to a PNG file.

    Raises StepFailedError for a page without a code.
    """
    found = _CODE.search(page)
    if found is None:
        raise StepFailedError("the page shows no code")
    size, across, down = (int(each) for each in found.groups()[:3])
    rows = [bytearray(b"\xff" * size) for _ in range(size)]
    for pen in _PEN.finditer(found[4]):
        if pen[1]:
            rows[down][across : across + int(pen[1])] = bytes(int(pen[1]))
            across += int(pen[1])
        else:
            across, down = across + int(pen[2]), down + int(pen[3])
    file.write_bytes(_png(rows))
    return file


def _png(rows: list[bytearray]) -> bytes:
    """Return 8-bit grey pixels as PNG, each `_SCALE` times as large (W3C PNG 2003, 11.2)."""
    width = len(rows[0]) * _SCALE
    lines = [b"\0" + b"".join(bytes([grey]) * _SCALE for grey in row) for row in rows]
    pixels = b"".join(line * _SCALE for line in lines)
    header = struct.pack(">IIBBBBB", width, len(rows) * _SCALE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    said = kind + data
    return struct.pack(">I", len(data)) + said + struct.pack(">I", zlib.crc32(said))
