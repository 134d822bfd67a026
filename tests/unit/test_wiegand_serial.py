"""A Wiegand reader behind a microcontroller: lines become the same frames as pulses."""

import os
import pty
import threading
import tty
from collections.abc import Iterator

import pytest

from edge.adapters.wiegand import WiegandMessage, WiegandRead, WiegandReader
from edge.adapters.wiegand_pulses import Edge
from edge.adapters.wiegand_serial import SerialWiegandLine, frame_line
from edge.domain.card_bits import CardBits
from mqtt.contract.errors import UnavailableError
from tests.support.provisioning import until

W34 = 0x200A9DFEA


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    controller, gate = pty.openpty()
    tty.setraw(gate)
    yield controller, os.ttyname(gate)
    for descriptor in (controller, gate):
        os.close(descriptor)


class Told(SerialWiegandLine):
    """Says when the port is open: what came before is dropped, as a stale read must be."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.opened = threading.Event()

    def open(self) -> None:
        super().open()
        self.opened.set()


def test_the_line_is_bits_hex_and_a_sum() -> None:
    assert frame_line(W34, 34) == b"W34:200A9DFEA*26\n"


def test_A01_a_w34_frame_arrives_whole_by_a_microcontroller(line: tuple[int, str]) -> None:
    controller, path = line
    heard: list[WiegandMessage] = []
    source = Told(path)
    reader = WiegandReader("ap-1", source, heard.append)
    reader.start()
    try:
        assert source.opened.wait(10)
        os.write(controller, frame_line(W34, 34) + frame_line(0x3, 4))
        until(lambda: len(heard) == 2)
    finally:
        reader.stop()
    bits = [item.bits for item in heard if isinstance(item, WiegandRead)]
    assert bits == [CardBits(W34, 34), CardBits(0x3, 4)]


@pytest.mark.parametrize(
    "raw",
    [
        b"W34:200A9DFEB*26\n",
        b"W34:200A9DFEA*27\n",
        b"W33:FFFFFFFFF*00\n",
        b"W0:0*00\n",
        b"garbage\n",
        b"\xff" * 400 + b"\n",
        b"W34:200A9DFEA*26",
    ],
)
def test_A02_a_damaged_line_is_no_frame(line: tuple[int, str], raw: bytes) -> None:
    controller, path = line
    source = SerialWiegandLine(path)
    source.open()
    os.write(controller, raw)
    edges = [edge for _ in range(4) for edge in source.read(0.05)]
    assert edges == []
    os.write(controller, b"\n" + frame_line(W34, 34))
    expected = 34 * (2 if raw.endswith(b"*26") else 1)
    heard: list[Edge] = []

    def all_heard() -> bool:
        heard.extend(source.read(0.05))
        return len(heard) >= expected

    until(all_heard)
    assert len(heard) == expected
    source.close()


def test_a_port_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(UnavailableError):
        SerialWiegandLine("/dev/no-such-port").open()
