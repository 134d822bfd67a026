"""Make and judge the base keys of OSDP readers, and give libosdp real random numbers.

Two traps of libosdp 3.2.9 end here:

1. `KeyStore.gen_key` uses a generator that is no secret (reference notes, row 12): `new_scbk` asks
   the kernel.
2. The wheel takes the challenge of the secure channel from C `rand()` and never seeds it. Every
   start of a gate would send the same challenge, so a session recorded on the cable, card reads
   included, could be played back after a reboot. `seed_challenges` fills the generator's state with
   kernel randomness before every handshake.

Source of the key derivation: SIA OSDP 2.2, annex D; vectors of annex E.
"""

import ctypes
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from edge.adapters.osdp_wire import CMD_CHLNG, REPLY_CCRYPT, Exchange
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["SCBK_DEFAULT", "SCBK_SIZE", "answers_with", "check_scbk", "new_scbk", "seed_challenges"]

SCBK_SIZE = 16
SCBK_DEFAULT = bytes(range(0x30, 0x40))
# glibc keeps up to 63 words of state behind one word of type; smaller states mix less.
_STATE_WORDS = 64
_state: list[ctypes.Array[ctypes.c_uint32]] = []


def new_scbk() -> bytes:
    """Draw a base key for one reader; no two readers share one."""
    return secrets.token_bytes(SCBK_SIZE)


def check_scbk(address: int, scbk: bytes) -> None:
    """Refuse keys that are no secret: ConfigError for a wrong size, the default or a pattern."""
    if len(scbk) != SCBK_SIZE:
        raise ConfigError(ReasonCode.READER_KEY_MISSING, f"osdp address {address}")
    if scbk == SCBK_DEFAULT or len(set(scbk)) < 4:
        raise ConfigError(ReasonCode.PLACEHOLDER_SECRET, f"osdp address {address}")


def answers_with(scbk: bytes, exchange: Exchange) -> bool:
    """Tell whether a reader proved to hold `scbk` in its answer to the challenge.

    False for any exchange that is no answer to a challenge.
    """
    command, reply = exchange.command, exchange.reply
    if command.code != CMD_CHLNG or reply.code != REPLY_CCRYPT:
        return False
    if len(command.payload) < 8 or len(reply.payload) < 32:
        return False
    ours, theirs, proof = command.payload[:8], reply.payload[8:16], reply.payload[16:32]
    session = _aes(scbk, b"\x01\x82" + ours[:6] + bytes(8))
    return _aes(session, ours + theirs) == proof


def _aes(key: bytes, block: bytes) -> bytes:
    # One block each, as the standard lays down; a mode has nothing to add.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()


def seed_challenges() -> None:
    """Put kernel randomness into the C generator that libosdp draws its challenges from.

    The state lives as long as the process: the C library keeps a pointer to it.
    """
    libc = ctypes.CDLL(None)
    libc.srand(secrets.randbits(32))
    if not _state:
        _state.append((ctypes.c_uint32 * _STATE_WORDS)())
    state = _state[0]
    libc.initstate(secrets.randbits(32), state, ctypes.sizeof(state))
    body = secrets.token_bytes(ctypes.sizeof(state) - 4)
    ctypes.memmove(ctypes.addressof(state) + 4, body, len(body))
