"""Relay and contact on real lines: an output wired to an input of the same chip.

`EQUALGATE_GPIO_LOOP=gpiochip0:17:27` names chip, output and input.
"""

import os
from pathlib import Path

import pytest

from edge.adapters.contacts import Contact, ContactRole, Contacts
from edge.adapters.gpio import GpioInputs, GpioOutput
from edge.adapters.relay import RelayLock
from edge.config.devices import GpioLine
from edge.domain.inputs import DoorSensed
from tests.support.hardware import MonotonicClock, Recorder

LOOP = os.environ.get("EQUALGATE_GPIO_LOOP", "")
CHIPS = sorted(path.name for path in Path("/dev").glob("gpiochip*"))
REASON = f"needs two wired GPIO lines, EQUALGATE_GPIO_LOOP=chip:out:in; chips: {CHIPS or 'none'}"


@pytest.mark.hardware
@pytest.mark.skipif(not LOOP, reason=REASON)
def test_an_output_moves_the_input_that_it_is_wired_to() -> None:
    chip, output, sensor = LOOP.split(":")
    clock, heard = MonotonicClock(), Recorder()
    lock = RelayLock("main", GpioOutput(GpioLine(chip, int(output))), clock)
    lines = GpioInputs(chip, [GpioLine(chip, int(sensor))])
    contacts = Contacts([Contact(ContactRole.DOOR_OPEN, "main")], lines, clock)
    lock.start(heard)
    contacts.start(heard)
    try:
        heard.wait(DoorSensed, lambda item: not item.is_open)
        lock.unlock()
        heard.wait(DoorSensed, lambda item: item.is_open)
        lock.relock()
        heard.wait(DoorSensed, count=3)
        assert [item.is_open for item in heard.of(DoorSensed)] == [False, True, False]
    finally:
        contacts.stop()
        lock.stop()
