"""Play the cable between gate and reader: it can be pulled, be noisy and be tampered with."""

import os
import secrets

from edge.adapters.osdp_wire import REPLY_PDCAP, build_frame, parse_frame
from edge.domain.card_bits import CardBits

__all__ = ["SimCable"]

_REPLY_RAW = 0x50
_CAP_COMMUNICATION_SECURITY = 9
_WIEGAND_FORMAT = 1


class SimCable:
    """The reader's end of a pty; a libosdp channel (`id`, `read`, `write`, `flush`).

    `losses` counts frames that a pulled cable swallowed, in either direction.
    """

    def __init__(self, fd: int) -> None:
        self.id = 0
        self.losses = 0
        self._fd = fd
        self._is_cut = False
        self._forged: CardBits | None = None
        self._hides_encryption = False
        self._lost_answers = 0
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def cut(self) -> None:
        """Let nothing pass any more."""
        self._is_cut = True

    def join(self) -> None:
        """Let everything pass again."""
        self._is_cut = False

    def lose_answers(self, count: int) -> None:
        """Swallow the next `count` answers of the reader: a bad contact, one way."""
        self._lost_answers = count

    def noise(self, count: int) -> None:
        """Send random bytes to the gate."""
        self._send(secrets.token_bytes(count))

    def forge_plaintext_card(self, bits: CardBits) -> None:
        """Replace the reader's next answer by an unencrypted card read, as a man in the cable."""
        self._forged = bits

    def hide_encryption(self, *, is_hidden: bool) -> None:
        """Take AES-128 out of the reader's capability reply, as a man in the cable would (H01)."""
        self._hides_encryption = is_hidden

    def read(self, max_bytes: int) -> bytes:
        """Hand the gate's bytes to the reader."""
        try:
            data = os.read(self._fd, max_bytes)
        except OSError:
            return b""
        if data and self._is_cut:
            self.losses += 1
            return b""
        return data

    def write(self, data: bytes) -> int:
        """Carry the reader's bytes to the gate."""
        if self._is_cut or self._lost_answers > 0:
            self._lost_answers = max(0, self._lost_answers - 1)
            self.losses += 1
            return len(data)
        forged, self._forged = self._forged, None
        if forged is not None:
            self._send(_plain_card(data, forged))
        else:
            self._send(_without_encryption(data) if self._hides_encryption else data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: a pty has no buffer of ours."""

    def wake(self) -> None:
        """Make the reader look at its work now."""
        os.write(self._wake_write, b".")

    def calm(self) -> None:
        """Forget that it was woken."""
        try:
            os.read(self._wake_read, 64)
        except BlockingIOError:
            return

    def waits_on(self) -> list[int]:
        """List what the reader sleeps on."""
        return [self._fd, self._wake_read]

    def close(self) -> None:
        """Take the cable away for good."""
        for end in (self._fd, self._wake_read, self._wake_write):
            os.close(end)

    def _send(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except BlockingIOError:
            self.losses += 1


def _plain_card(answer: bytes, bits: CardBits) -> bytes:
    """Turn a secured answer into a plain card read with the same address and sequence."""
    frame = parse_frame(answer)
    if frame is None:
        return answer
    payload = bytes([0, _WIEGAND_FORMAT]) + bits.length.to_bytes(2, "little")
    sequence = frame.control & 0b11
    return build_frame(
        frame.address,
        _REPLY_RAW,
        payload + bits.left_justified(),
        is_reply=True,
        sequence=sequence,
    )


def _without_encryption(answer: bytes) -> bytes:
    """Drop function code 9 from a capability reply; every other answer stays as it is."""
    frame = parse_frame(answer)
    if frame is None or frame.code != REPLY_PDCAP:
        return answer
    entries = [frame.payload[at : at + 3] for at in range(0, len(frame.payload), 3)]
    kept = b"".join(entry for entry in entries if entry[0] != _CAP_COMMUNICATION_SECURITY)
    sequence = frame.control & 0b11
    return build_frame(frame.address, REPLY_PDCAP, kept, is_reply=True, sequence=sequence)
