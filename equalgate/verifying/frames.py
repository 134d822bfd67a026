"""Read the small members of a bundle: JSON tables and framed parts, with every shape checked.

The controller signed them, but a manager may run a controller of his own making: whatever a field
holds, the answer is a finding and never a crash.
"""

import json
from dataclasses import dataclass

from equalgate.verifying.base import BrokenError
from equalgate.verifying.signed import kid_of
from mqtt.contract.bundle import FORMAT, FRAME_BYTES

__all__ = ["Keys", "LogEntry", "Manifest", "frames_of", "read_keys_table", "read_manifest", "table"]

_MANIFEST = frozenset(
    {"format", "site", "witness", "made_at_ms", "from_ms", "to_ms", "members", "logs"}
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log in the bundle: records from `first`, with the peaks of the tree before it."""

    gate: str
    epoch: int
    first: int
    count: int
    peaks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the controller says is in the bundle; instants in UTC ms."""

    site: str
    witness: str
    made_at_ms: int
    from_ms: int
    to_ms: int
    hashes: dict[str, tuple[int, bytes]]
    logs: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys: each gate's own, and the controller's by scope (key id to key)."""

    gates: dict[str, bytes]
    scopes: dict[str, dict[bytes, bytes]]


def frames_of(data: bytes) -> list[bytes]:
    """Cut framed parts. Raises BrokenError for a bad length."""
    parts = []
    at = 0
    while at < len(data):
        start = at + FRAME_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data) or start > len(data):
            raise BrokenError("a part is cut")
        parts.append(data[start:at])
    return parts


def table(data: bytes) -> dict[str, object]:
    """Return a JSON object in its one form. Raises BrokenError."""
    try:
        value = json.loads(data)
        same = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() == data
    except (ValueError, RecursionError) as error:
        raise BrokenError("a table is not JSON") from error
    if not isinstance(value, dict) or not same:
        raise BrokenError("a table is not in its one form")
    return value


def read_manifest(data: bytes) -> Manifest:
    """Return the manifest. Raises BrokenError for anything unexpected."""
    try:
        said = table(data)
        if set(said) != _MANIFEST or said["format"] != FORMAT:
            raise BrokenError("the manifest is of another format")
        instants = [_number(said[name]) for name in ("made_at_ms", "from_ms", "to_ms")]
        hashes = {
            _text(each["name"]): (_number(each["bytes"]), _hash(each["sha256"]))
            for each in _items(said["members"])
        }
        logs = tuple(_log(each) for each in _items(said["logs"]))
        site, witness = _text(said["site"]), _text(said["witness"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenError("the manifest has the wrong shape") from error
    return Manifest(site, witness, instants[0], instants[1], instants[2], hashes, logs)


def read_keys_table(data: bytes) -> Keys:
    """Return the keys. Raises BrokenError for anything unexpected."""
    try:
        said = table(data)
        gates = {_text(each["gate"]): _hash(each["public_key"]) for each in _items(said["gates"])}
        scopes: dict[str, dict[bytes, bytes]] = {}
        for each in _items(said["controller"]):
            public_key = _hash(each["public_key"])
            scopes.setdefault(_text(each["scope"]), {})[kid_of(public_key)] = public_key
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenError("the table of keys has the wrong shape") from error
    return Keys(gates, scopes)


def _log(each: dict[str, object]) -> LogEntry:
    peaks = each["peaks"]
    if not isinstance(peaks, list):
        raise TypeError("peaks")
    epoch, first, count = (_number(each[name]) for name in ("epoch", "first", "count"))
    return LogEntry(_text(each["gate"]), epoch, first, count, tuple(map(_hash, peaks)))


def _items(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise TypeError("list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 120:
        raise TypeError("text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise TypeError("number")
    return value


def _hash(value: object) -> bytes:
    raw = bytes.fromhex(_text(value))
    if len(raw) != 32 or raw.hex() != value:
        raise ValueError("hash")
    return raw
