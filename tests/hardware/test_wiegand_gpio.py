"""A real Wiegand reader on real GPIO lines; somebody holds a fob to it."""

import os
import time

import pytest

from edge.adapters.wiegand import GpioWiegandLine, WiegandMessage, WiegandRead, WiegandReader
from edge.domain.card_formats import CardRead, decode

WIRES = os.environ.get("EQUALGATE_WIEGAND_GPIO", "")


@pytest.mark.hardware
@pytest.mark.skipif(not WIRES, reason="EQUALGATE_WIEGAND_GPIO=chip:d0:d1 names no reader")
def test_a_fob_held_to_the_reader_within_20_s_is_read() -> None:
    chip, d0_offset, d1_offset = WIRES.split(":")
    messages: list[WiegandMessage] = []
    source = GpioWiegandLine(chip, int(d0_offset), int(d1_offset))
    reader = WiegandReader("bench", source, messages.append)
    reader.start()
    deadline = time.monotonic() + 20.0
    while not messages and time.monotonic() < deadline:
        time.sleep(0.05)
    reader.stop()
    assert isinstance(messages[0], WiegandRead)
    assert isinstance(decode(messages[0].bits), CardRead)
