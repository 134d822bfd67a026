"""Describe the list of a drill's credentials: its hash is published before, its text after.

Whoever has both can tell that nobody changed which passes and fobs were the inspector's; the salt
keeps the list from being guessed out of its hash. It is canonical CBOR.
"""

import hashlib

import msgspec

from mqtt.contract import codec, fields

__all__ = ["DRILL_LIST_VERSION", "DrillList", "list_hash"]

DRILL_LIST_VERSION = 1


class DrillList(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The credentials (8 bytes each, in order) of one visit, with 16 random bytes."""

    version: fields.Count
    drill: fields.Id
    credentials: tuple[fields.Id, ...]
    salt: fields.Salt


def list_hash(body: bytes) -> bytes:
    """Return SHA-256 over a list as it stands. Raises ContractError for bytes that are no list."""
    codec.decode(body, DrillList)
    return hashlib.sha256(body).digest()
