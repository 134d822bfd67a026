"""Check the configuration in a bundle, and replay the proof that face is never the only way.

A grant cannot name a method, so a person's face opens exactly where and when the same person's
levels open. From the configuration alone it is checked again that (1) no grant and no level names
a method, (2) wherever face is fitted, QR or fob is fitted too (NS-01), (3) the impact assessment,
the notice and the sign are on record there (NS-09).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.frames import Keys, frames_of
from equalgate.verifying.log import tree_root
from equalgate.verifying.signed import open_signed
from mqtt.contract.containment_proof import AccessClass, prove

__all__ = ["Document", "containment", "read_document", "replay"]

_LEVEL_FIELDS = frozenset({"grants"})
_GRANT_FIELDS = frozenset({"access_points", "schedule"})
_BEFORE_FACE = ("pipia_ref", "notice_version", "sign_attested_at_ms")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the controller signed it: record id to decoded record."""

    gate: str
    name: str
    version: int
    digest: bytes
    records: dict[str, dict[str, CborValue]]


def read_document(data: bytes, site: str, gate: str, name: str, keys: Keys) -> Document:
    """Return the document. Raises BrokenError unless header, digest and forms hold."""
    header, *parts = frames_of(data) or [b""]
    _, _, said = open_signed(header, {"doc": range(1, 2)}, keys.scopes.get("document", {}))
    if (said.get("site"), said.get("gate"), said.get("name")) != (site, gate, name):
        raise BrokenError(f"{name} of {gate} was signed for another gate or purpose")
    if len(parts) % 2:
        raise BrokenError(f"{name} of {gate} is cut")
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if sorted(key for key, _ in pairs) != [key for key, _ in pairs]:
        raise BrokenError(f"{name} of {gate} is out of order")
    digest = tree_root(_pair(key, body) for key, body in pairs)
    version = said.get("version")
    if said.get("digest") != digest or said.get("records") != len(pairs):
        raise BrokenError(f"{name} of {gate} is not what was signed")
    if type(version) is not int:
        raise BrokenError(f"{name} of {gate} has no version")
    try:
        records = {key.decode("utf-8"): _record(body) for key, body in pairs}
    except UnicodeDecodeError as error:
        raise BrokenError(f"{name} of {gate} holds bad text") from error
    if len(records) != len(pairs):
        raise BrokenError(f"{name} of {gate} holds a record twice")
    return Document(gate, name, version, digest, records)


def containment(config: Document, policy: Document) -> list[str]:
    """Return every place where something could open for a face only; none is the proof."""
    found = []
    for key, record in config.records.items():
        methods = record.get("methods", ())
        if not key.startswith("ap:") or not isinstance(methods, list) or "face" not in methods:
            continue
        if not {"qr", "fob"}.intersection(str(method) for method in methods):
            found.append(f"NS-01 {config.gate} {key}")
        settings = config.records.get(f"face:{key[3:]}", {})
        if not all(settings.get(field) for field in _BEFORE_FACE):
            found.append(f"NS-09 {config.gate} {key}")
    for key, record in policy.records.items():
        if key.startswith("level:") and not _is_blind(record):
            found.append(f"NS-03 {config.gate} {key}")
    return sorted(found)


def replay(config: Document, policy: Document, classes: Sequence[Any]) -> dict[str, Any]:
    """Compare, for each class, when face opens with when the same people's other ways open.

    Raises ValueError, TypeError, KeyError or AttributeError for records of another form.
    """
    ordered = [AccessClass.from_plain(each) for each in classes]
    proof = prove(config.records, policy.records, ordered)
    if proof["classes"] != classes:
        raise BrokenError("the classes of equal access are not in their one form")
    return {name: proof[name] for name in ("points", "beyond", "witnesses")}


def _is_blind(level: dict[str, CborValue]) -> bool:
    """Tell whether a level says nothing but where and when."""
    grants = level.get("grants")
    if not isinstance(grants, list) or set(level) != _LEVEL_FIELDS:
        return False
    return all(isinstance(grant, dict) and set(grant) == _GRANT_FIELDS for grant in grants)


def _record(body: bytes) -> dict[str, CborValue]:
    value = read_cbor(body)
    if not isinstance(value, dict):
        raise BrokenError("a record has the wrong form")
    return value


def _pair(key: bytes, body: bytes) -> bytes:
    """Return the CBOR of [text, bytes], the leaf of a document's tree."""
    return b"\x82" + _head(0x60, len(key)) + key + _head(0x40, len(body)) + body


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major | size])
    for extra, bits in ((24, 8), (25, 16), (26, 32)):
        if size < 1 << bits:
            return bytes([major | extra]) + size.to_bytes(bits // 8, "big")
    raise BrokenError("a record is too long")
