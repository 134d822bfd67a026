"""Read pictures that people give: PNG, JPEG, WebP and BMP, with the size known before decoding.

A picture of a few kilobytes can unfold into gigabytes, so width and height are taken from the
file's header and held against ``MAX_PIXELS`` before a decoder sees it. Header layouts: PNG (W3C
2003, 11.2.2), JPEG (ITU-T T.81, B.2.2), WebP (RFC 9649, 2.5-2.7), BMP (BITMAPINFOHEADER).
"""

import stat
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from edge.workers.qr.frames import Grey, SourceError

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "PictureError", "picture_size", "read_picture"]

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 50_000_000

Problem = Literal["not_found", "not_a_file", "file_too_big", "not_a_picture", "too_many_pixels"]
_TEXTS: dict[str, tuple[str, str]] = {
    "not_found": (
        "找不到或无法读取该文件 / the file is not there or cannot be read",
        "请检查文件名和读取权限 / check the name and the permission to read it",
    ),
    "not_a_file": (
        "不是普通文件 / not a plain file",
        "请给出图片文件 / give a picture file, not a folder or a device",
    ),
    "file_too_big": (
        "文件超过 64 MiB / the file is over 64 MiB",
        "请另存为较小的图片 / save the picture smaller",
    ),
    "not_a_picture": (
        "不是可读的图片 / not a picture that can be read",
        "请使用完好的 PNG、JPEG、WebP 或 BMP / use an intact PNG, JPEG, WebP or BMP",
    ),
    "too_many_pixels": (
        "图片超过 5000 万像素 / the picture is over 50 megapixels",
        "请缩小或裁剪图片 / shrink or crop the picture",
    ),
}


class PictureError(SourceError):
    """Refuse a file; ``code`` is stable, ``problem`` and ``cure`` are zh-CN and English."""

    def __init__(self, code: Problem) -> None:
        self.problem, cure = _TEXTS[code]
        super().__init__(code, cure)


def read_picture(path: Path) -> Grey:
    """Return the picture at ``path`` in grey, upright by its EXIF note, on white where transparent.

    Raises ``PictureError`` for what is not a picture of at most 64 MiB and 50 megapixels.
    """
    head = _read(path)
    size = picture_size(head)
    if size is None:
        raise PictureError("not_a_picture")
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError("too_many_pixels")
    packed = np.frombuffer(head, dtype=np.uint8)
    try:
        grey = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
        layered = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED) if _may_be_transparent(head) else None
    except cv2.error:
        raise PictureError("not_a_picture") from None
    if grey is None or grey.size == 0:
        raise PictureError("not_a_picture")
    if layered is not None and layered.ndim == 3 and layered.shape[2] == 4:
        return _on_white(np.asarray(layered))
    return np.asarray(grey, dtype=np.uint8)


def picture_size(head: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels as the file's header states them, or None for no picture."""
    try:
        size = _stated_size(head)
    except (IndexError, ValueError):
        return None
    return size if size is not None and min(size) > 0 else None


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not_a_file")
        if status.st_size > MAX_FILE_BYTES:
            raise PictureError("file_too_big")
        return path.read_bytes()
    except (OSError, ValueError):
        raise PictureError("not_found") from None


def _stated_size(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return _big(head[16:20]), _big(head[20:24])
    if head.startswith(b"BM") and len(head) >= 26:
        return _little(head[18:22]), abs(int.from_bytes(head[22:26], "little", signed=True))
    if head.startswith(b"\xff\xd8"):
        return _jpeg_size(head)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp_size(head)
    return None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    at = 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(head[at + 7 : at + 9]), _big(head[at + 5 : at + 7])
        else:
            at += 2 + _big(head[at + 2 : at + 4])
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return _little(head[24:27]) + 1, _little(head[27:30]) + 1
    if kind == b"VP8L":
        bits = _little(head[21:25])
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 ":
        return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
    return None


def _may_be_transparent(head: bytes) -> bool:
    """Tell by the header; looking twice at every picture would double the time of a gate's."""
    if head.startswith(b"\x89PNG"):
        return head[25:26] in (b"\4", b"\6") or b"tRNS" in head[: head.find(b"IDAT")]
    has_layer = head[12:16] == b"VP8X" and bool(_little(head[20:21]) & 0x10)
    return has_layer or head[12:16] == b"VP8L"


def _on_white(layered: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Grey:
    """Return a picture with transparency as it looks on white paper."""
    depth = 255.0 if layered.dtype == np.uint8 else 65535.0
    share = layered[:, :, 3:].astype(np.float32) / depth
    colours = layered[:, :, :3].astype(np.float32) * (255 / depth)
    flat = np.rint(colours * share + 255 * (1 - share)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _big(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
