"""Bound every number, text and byte string on the wire, so that no receiver meets a surprise.

Numbers fit a database's integer and a browser's number. Texts and bytes are as long as their use
needs: nothing on the wire has room for a picture or a biometric reference (rule ST-02).
"""

from typing import Annotated

from msgspec import Meta

__all__ = [
    "BootId",
    "Count",
    "CountOrNone",
    "Hash",
    "Id",
    "Key",
    "Level",
    "Name",
    "PinHash",
    "RecordId",
    "Salt",
    "Shown",
]

_MOST = 2**53 - 1

Count = Annotated[int, Meta(ge=0, le=_MOST)]
"""A number, size, version or instant that is never negative."""
CountOrNone = Annotated[int, Meta(ge=-1, le=_MOST)]
"""The same, or -1 for none."""
Level = Annotated[int, Meta(ge=0, le=2)]
"""A clock-trust level: 0 synchronised, 1 holdover, 2 unknown."""
Name = Annotated[str, Meta(max_length=40)]
"""A readable name of ours, or a word."""
RecordId = Annotated[str, Meta(max_length=64)]
"""The id of a record within its document: a prefix and a name, or an id in text."""
Shown = Annotated[str, Meta(max_length=64)]
"""A short text for people."""
Id = Annotated[bytes, Meta(max_length=8)]
"""A pseudonym of 8 bytes, or empty for none."""
BootId = Annotated[bytes, Meta(min_length=1, max_length=16)]
"""A random id, 16 bytes as we make them."""
Salt = Annotated[bytes, Meta(max_length=16)]
"""A salt of 16 bytes, or empty for none."""
PinHash = Annotated[bytes, Meta(max_length=64)]
"""A scrypt hash of a PIN, or empty for none."""
Hash = Annotated[bytes, Meta(max_length=32)]
"""A hash of 32 bytes, or empty for none."""
Key = Annotated[bytes, Meta(max_length=32)]
"""A raw Ed25519 public key of 32 bytes, or empty for none."""
