"""Hash the PINs of `credentials` and `roster` the same way at both ends (scrypt, RFC 7914).

A PIN alone has to be looked up among all residents' PINs, and ten thousand scrypts are out of the
question. So all PIN credentials of a compound share one random salt: one scrypt a try gives the
hash that is looked up. A keyed index beside salted hashes would be weaker: its key would lie in the
same document, and with it a thief would test every PIN in a second. Equal PINs have equal hashes,
which lets the controller refuse a PIN that is taken. Staff PINs and PINs that go with a fob have
a salt of their own.
"""

import hashlib

__all__ = ["HASH_BYTES", "SALT_BYTES", "hash_pin"]

SALT_BYTES = 16
HASH_BYTES = 32

# 8 MiB and about 22 ms on the reference machine: the daemon stays below its 64 MiB, and a guess a
# second in each of many processes still takes hours for all six-digit PINs.
_COST = 2**13
_BLOCK = 8


def hash_pin(digits: str, salt: bytes) -> bytes:
    """Return the 32-byte hash of `digits` under `salt` (16 random bytes)."""
    return hashlib.scrypt(
        digits.encode(), salt=salt, n=_COST, r=_BLOCK, p=1, maxmem=2**25, dklen=HASH_BYTES
    )
