"""A USB relay board, played on a pseudo-terminal that obeys what the board's bytes say."""

import os
import pty
import select
import tty
from collections.abc import Iterator

import pytest

from edge.adapters.relay import RelayLock
from edge.adapters.usb_relay import UsbRelayOutput, relay_command
from edge.config import devices
from edge.config.devices import UsbRelay
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder


class Board:
    """Obeys four-byte commands; `moves` counts every change of a coil."""

    def __init__(self) -> None:
        self.end, gate_end = pty.openpty()
        tty.setraw(gate_end)
        os.set_blocking(self.end, False)
        self.path = os.ttyname(gate_end)
        self._gate_end = gate_end
        self.coils: dict[int, bool] = {}
        self.moves = 0
        self.refused = 0

    def obey(self, count: int) -> None:
        """Obey this many commands; the kernel hands a terminal's bytes over when it likes."""
        raw = b""
        while len(raw) < count * 4:
            ready, _, _ = select.select([self.end], [], [], 10.0)
            assert ready, f"{len(raw)} bytes of {count} commands"
            raw += os.read(self.end, count * 4 - len(raw))
        for at in range(0, len(raw), 4):
            head, channel, state, check = raw[at : at + 4]
            if head != 0xA0 or check != (head + channel + state) & 0xFF:
                self.refused += 1
                continue
            self.moves += self.coils.get(channel, False) != bool(state)
            self.coils[channel] = bool(state)

    def unplug(self) -> None:
        os.close(self.end)
        os.close(self._gate_end)


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board()
    yield made
    for descriptor in (made.end, made._gate_end):
        try:
            os.close(descriptor)
        except OSError:
            continue


def lock(board: Board, channel: int = 1) -> RelayLock:
    return RelayLock("main", UsbRelayOutput(UsbRelay(board.path, channel)), MonotonicClock())


def test_the_commands_are_those_of_the_board() -> None:
    assert relay_command(1, active=True).hex() == "a00101a2"
    assert relay_command(1, active=False).hex() == "a00100a1"
    assert relay_command(2, active=True).hex() == "a00201a3"


def test_two_relays_of_one_board_move_on_their_own(board: Board) -> None:
    one, two = lock(board), lock(board, 2)
    for each in (one, two):
        each.start(Recorder())
    one.unlock()
    board.obey(3)
    assert board.coils == {1: True, 2: False}
    one.relock()
    two.unlock()
    board.obey(2)
    assert board.coils == {1: False, 2: True}
    two.stop()
    board.obey(1)
    assert board.coils == {1: False, 2: False}
    assert board.refused == 0


def test_D07_the_usb_relay_is_never_pulsed_by_500_starts(board: Board) -> None:
    for _ in range(500):
        each = lock(board)
        each.start(Recorder())
        each.stop()
        board.obey(2)
    assert board.coils == {1: False}
    assert board.moves == 0


def test_a_board_that_is_gone_is_a_lock_fault_and_is_taken_again(board: Board) -> None:
    each, heard = lock(board), Recorder()
    each.start(heard)
    board.unplug()
    with pytest.raises(UnavailableError) as caught:
        each.unlock()
    assert caught.value.code is ReasonCode.LOCK_FAULT
    again = Board()
    assert isinstance(again.path, str)
    other = RelayLock("main", UsbRelayOutput(UsbRelay("/dev/no-such-board", 1)), MonotonicClock())
    other.start(heard)
    with pytest.raises(UnavailableError):
        other.unlock()
    again.unplug()


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("usb-relay:/dev/equalgate-relay:2", UsbRelay("/dev/equalgate-relay", 2)),
        ("usb-relay:/dev/equalgate-relay", None),
        ("usb-relay:relay:1", None),
        ("usb-relay:/dev/x:0", None),
        ("usb-relay:/dev/x:17", None),
    ],
)
def test_the_word_names_port_and_channel(text: str, device: UsbRelay | None) -> None:
    assert devices.read(text) == device
