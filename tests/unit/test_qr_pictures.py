import cv2
import numpy as np
import pytest

from edge.workers.qr.pictures import picture_size


def encoded(suffix: str, width: int, height: int, channels: int, *params: int) -> bytes:
    picture = np.full((height, width, channels), 77, dtype=np.uint8)
    is_done, packed = cv2.imencode(suffix, picture, list(params))
    assert is_done
    return packed.tobytes()


@pytest.mark.parametrize(
    ("suffix", "channels", "params"),
    [
        (".png", 1, []),
        (".png", 4, []),
        (".jpg", 3, []),
        (".jpg", 1, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".webp", 3, [cv2.IMWRITE_WEBP_QUALITY, 50]),
        (".webp", 3, [cv2.IMWRITE_WEBP_QUALITY, 101]),
        (".webp", 4, [cv2.IMWRITE_WEBP_QUALITY, 50]),
        (".bmp", 3, []),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 7), (640, 480), (1000, 3)])
def test_size_is_known_before_decoding(
    suffix: str, channels: int, params: list[int], width: int, height: int
) -> None:
    head = encoded(suffix, width, height, channels, *params)
    assert picture_size(head) == (width, height)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIDAT" + bytes(20),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20),
        b"\xff\xd8",
        b"\xff\xd8\xff\xff\xff\xff",
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8\xff\xe0\0\0" * 3,
        b"BM" + bytes(10),
        b"RIFF\0\0\0\0WEBPVP9 " + bytes(40),
        b"GIF89a" + bytes(30),
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_picture_has_no_size(head: bytes) -> None:
    assert picture_size(head) is None


def test_cut_headers_never_raise() -> None:
    for suffix, channels in ((".png", 3), (".jpg", 3), (".webp", 3), (".webp", 4), (".bmp", 3)):
        head = encoded(suffix, 64, 48, channels)
        for length in range(min(len(head), 700)):
            assert picture_size(head[:length]) in (None, (64, 48)) or length < 40
