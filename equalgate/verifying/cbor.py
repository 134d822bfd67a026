"""Read deterministic CBOR (RFC 8949 §4.2, length-first map order) with the standard library only.

Everything that `mqtt.contract.codec` would not write is refused: a value has one form.
"""

from equalgate.verifying.base import BrokenError

__all__ = ["CborValue", "read_cbor"]

CborValue = object
"""int, bytes, str, bool, None, list of these, or dict with text keys."""

_MAX_DEPTH = 16
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
_EXTRA = {24: 1, 25: 2, 26: 4, 27: 8}


def read_cbor(data: bytes) -> CborValue:
    """Return the one value in `data`. Raises BrokenError for any other form."""
    try:
        value, end = _read(data, 0, 0)
    except (IndexError, UnicodeDecodeError) as error:
        raise BrokenError("CBOR ends too early or holds bad text") from error
    if end != len(data):
        raise BrokenError("CBOR: bytes after the value")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[CborValue, int]:
    head = data[at]
    major, number = head >> 5, head & 31
    at += 1
    if number >= 24 and major != 7:
        number, at = _long(data, number, at)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in {2, 3}:
        end = at + number
        if end > len(data):
            raise BrokenError("CBOR: a string is cut")
        part = data[at:end]
        return (part if major == 2 else part.decode("utf-8")), end
    if depth >= _MAX_DEPTH:
        raise BrokenError("CBOR: too deep")
    if major == 4:
        return _list(data, at, number, depth + 1)
    if major == 5:
        return _map(data, at, number, depth + 1)
    if head not in _SIMPLE:
        raise BrokenError("CBOR: tag, float or unknown simple value")
    return _SIMPLE[head], at


def _long(data: bytes, number: int, at: int) -> tuple[int, int]:
    size = _EXTRA.get(number)
    if size is None or at + size > len(data):
        raise BrokenError("CBOR: bad length")
    value = int.from_bytes(data[at : at + size], "big")
    if value < (24 if size == 1 else 1 << (4 * size)):
        raise BrokenError("CBOR: not the shortest form")
    return value, at + size


def _list(data: bytes, at: int, count: int, depth: int) -> tuple[list[CborValue], int]:
    if count > len(data):
        raise BrokenError("CBOR: a list is cut")
    items = []
    for _ in range(count):
        item, at = _read(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, CborValue], int]:
    found: dict[str, CborValue] = {}
    last: tuple[int, bytes] | None = None
    for _ in range(min(count, len(data) + 1)):
        start = at
        key, at = _read(data, at, depth)
        if not isinstance(key, str):
            raise BrokenError("CBOR: a key is not text")
        order = (at - start, data[start:at])
        if last is not None and order <= last:
            raise BrokenError("CBOR: keys out of order")
        last = order
        found[key], at = _read(data, at, depth)
    return found, at
