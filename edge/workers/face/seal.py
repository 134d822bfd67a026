"""Seal bytes with AES-256-GCM so that what is opened can be overwritten afterwards.

Python's ``bytes`` stay in memory until they are reused, so plain text is opened straight into
arrays and keys into bytearrays, which ``wipe`` and ``wipe_key`` overwrite. NIST SP 800-38D: a fresh
random nonce of 96 bits for each message, a tag of 128 bits.
"""

import secrets

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["KEY_BYTES", "OVERHEAD_BYTES", "SealError", "seal", "unseal", "unseal_key", "wipe_key"]

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
# The cipher may write up to one block past the text before it knows the end.
_SLACK_BYTES = 15


class SealError(Exception):
    """Report bytes that do not open: another key, another context, or a changed byte."""


def seal(key: bytearray, content: memoryview | bytes | bytearray, context: bytes) -> bytes:
    """Return nonce, sealed ``content`` and tag, bound to ``context`` (the AAD)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(context)
    text = cipher.update(content) + cipher.finalize()
    return nonce + text + cipher.tag


def unseal(key: bytearray, sealed: bytes, context: bytes) -> npt.NDArray[np.uint8]:
    """Return the content as an array that the caller overwrites; raises ``SealError``."""
    length = len(sealed) - OVERHEAD_BYTES
    if length < 0:
        raise SealError
    room = np.zeros(length + _SLACK_BYTES, np.uint8)
    mode = modes.GCM(sealed[:NONCE_BYTES], sealed[-TAG_BYTES:])
    cipher = Cipher(algorithms.AES(key), mode).decryptor()
    cipher.authenticate_additional_data(context)
    try:
        cipher.update_into(sealed[NONCE_BYTES:-TAG_BYTES], room.data)
        cipher.finalize()
    except InvalidTag:
        room.fill(0)
        raise SealError from None
    return room[:length]


def unseal_key(key: bytearray, sealed: bytes, context: bytes) -> bytearray:
    """Return a wrapped key, to be wiped by the caller; raises ``SealError``."""
    content = unseal(key, sealed, context)
    if content.size != KEY_BYTES:
        content.fill(0)
        raise SealError
    opened = bytearray(KEY_BYTES)
    memoryview(opened)[:] = content.data
    content.fill(0)
    return opened


def wipe_key(key: bytearray) -> None:
    """Overwrite a key."""
    key[:] = bytes(len(key))
