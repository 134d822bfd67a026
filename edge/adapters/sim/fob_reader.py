"""Play the hand with the fob at a simulated reader, whatever its protocol.

An OSDP reader is a real libosdp peripheral on a pty, a Wiegand reader a stream of pulses.
"""

import time
from collections.abc import Sequence
from typing import Protocol

from edge.adapters.sim.cards import frame_of, key_bursts
from edge.adapters.sim.osdp_reader import SimOsdpReader, SimReaderMode
from edge.adapters.sim.wiegand_line import SimWiegandLine
from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import CardFormat
from edge.domain.keypad_codes import KeypadMode
from edge.domain.ports import Emit
from mqtt.contract.events import AdapterKind

__all__ = ["OsdpFobReader", "SimFobReader", "WiegandFobReader"]

_BETWEEN_KEYS_S = 0.06


class SimFobReader(Protocol):
    """A reader that people use. What it cannot do raises ValueError with the reason."""

    @property
    def protocol(self) -> str:
        """Return `osdp` or `wiegand`."""

    def present(self, identity: CardBits) -> None:
        """Hold a fob to it once; `identity` is what its credential is compared with."""

    def present_raw(self, bits: CardBits) -> None:
        """Send exactly these bits."""

    def press(self, keys: str) -> None:
        """Press keys."""

    def join(self, *, is_joined: bool) -> None:
        """Pull the cable or plug it in."""

    def set_mode(self, mode: str) -> None:
        """Set it up as `secure`, `install`, `plaintext`; Wiegand: `swapped`, `straight`."""

    def light(self) -> tuple[str, int] | None:
        """Return the colour that its light was last told, and when; None without such a light."""


class OsdpFobReader:
    """A reader on a pty; also the Source that powers it on and off."""

    kind = AdapterKind.SIMULATED
    protocol = "osdp"

    def __init__(
        self, reader: SimOsdpReader, formats: Sequence[CardFormat], order: ByteOrder
    ) -> None:
        self.reader = reader
        self._formats = tuple(formats)
        self._order = order

    def start(self, emit: Emit) -> None:  # noqa: ARG002 - the bus tells what the reader says
        """Power it on."""
        self.reader.start()

    def stop(self) -> None:
        """Power it off."""
        self.reader.stop()

    def present(self, identity: CardBits) -> None:
        """Hold a fob to it once."""
        self.reader.present(frame_of(identity, self._formats, self._order))

    def present_raw(self, bits: CardBits) -> None:
        """Send exactly these bits."""
        self.reader.present(bits)

    def press(self, keys: str) -> None:
        """Press keys."""
        if not keys or set(keys) - set("0123456789*#"):
            raise ValueError("keys are 0-9, * and #")
        self.reader.press(keys)

    def join(self, *, is_joined: bool) -> None:
        """Pull the cable or plug it in."""
        if is_joined:
            self.reader.join()
        else:
            self.reader.cut()

    def set_mode(self, mode: str) -> None:
        """Set the reader up differently; it restarts."""
        try:
            chosen = SimReaderMode(mode)
        except ValueError:
            raise ValueError("modes are secure, install, plaintext") from None
        self.reader.set_mode(chosen)

    def light(self) -> tuple[str, int] | None:
        """Return what the last LED command on the bus set."""
        told = [one for one in self.reader.indications if one.colour is not None]
        if not told or told[-1].colour is None:
            return None
        return told[-1].colour.name.lower(), told[-1].mono_ms


class WiegandFobReader:
    """A reader on two wires."""

    protocol = "wiegand"

    def __init__(
        self,
        wires: SimWiegandLine,
        formats: Sequence[CardFormat],
        order: ByteOrder,
        keypad: KeypadMode,
    ) -> None:
        self.wires = wires
        self._formats = tuple(formats)
        self._order = order
        self._keypad = keypad

    def present(self, identity: CardBits) -> None:
        """Hold a fob to it once."""
        self.wires.present(frame_of(identity, self._formats, self._order))

    def present_raw(self, bits: CardBits) -> None:
        """Send exactly these bits."""
        self.wires.present(bits)

    def press(self, keys: str) -> None:
        """Press keys, as quickly as fingers do: a burst ends with silence on the wires."""
        for number, burst in enumerate(key_bursts(keys, self._keypad)):
            if number:
                time.sleep(_BETWEEN_KEYS_S)
            self.wires.present(burst)

    def join(self, *, is_joined: bool) -> None:
        """Take the chip behind the wires away or bring it back."""
        if is_joined:
            self.wires.plug()
        else:
            self.wires.unplug()

    def set_mode(self, mode: str) -> None:
        """Exchange the wires (`swapped`) or put them right (`straight`)."""
        if mode not in {"swapped", "straight"}:
            raise ValueError("modes are swapped, straight")
        self.wires.swap(is_swapped=mode == "swapped")

    def light(self) -> None:
        """Return nothing: its lamp hangs on wires of its own."""
