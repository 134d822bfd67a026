"""Let a controller that was restored from a backup read back what a gate knows to have ended.

The controller asks on `dn/tell`; the gate answers on `up/held` with its `revocations` document in
signed parts, with the number of the question. Only endings travel this way, so that it can never
give access to anybody; who asks does not matter and is not signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from mqtt.contract import codec, documents, envelope, fields
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = [
    "HELD_TYPE",
    "NONCE_BYTES",
    "WIRE_VERSION",
    "HeldPart",
    "ReadBack",
    "held_parts",
    "open_held",
]

HELD_TYPE = "held"
WIRE_VERSION = 1
NONCE_BYTES = 16
_MOST_PARTS = 512


class HeldPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `index` of `total` of a `revocations` document; `nonce` is that of the question."""

    site: fields.Name
    gate: fields.Name
    nonce: fields.BootId
    version: fields.Count
    digest: fields.Hash
    index: fields.Count
    total: fields.Count
    puts: tuple[tuple[fields.RecordId, bytes], ...]


def held_parts(
    site: str, gate: str, nonce: bytes, held: Held, signer: envelope.Signer
) -> list[bytes]:
    """Return the signed messages that tell what a gate holds, at least one.

    Raises ContractError(`wrong_shape`) for a nonce of another length.
    """
    if len(nonce) != NONCE_BYTES:
        raise ContractError(ReasonCode.WRONG_SHAPE)
    messages = []
    for raw in documents.chunks_of(DocumentName.REVOCATIONS, held.version, 0, held.records, ()):
        chunk = codec.decode(raw, documents.Chunk)
        place = (chunk.index, chunk.total, chunk.puts)
        part = HeldPart(site, gate, nonce, held.version, held.digest, *place)
        messages.append(envelope.seal(HELD_TYPE, WIRE_VERSION, codec.encode(part), signer))
    return messages


def open_held(data: bytes, site: str, gate: str, keys: Mapping[bytes, bytes]) -> HeldPart:
    """Verify a part by the gate's own key. Raises ContractError."""
    opened = envelope.open_envelope(data, HELD_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    part = codec.decode(opened.body, HeldPart)
    if (part.site, part.gate) != (site, gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    if not 0 <= part.index < part.total <= _MOST_PARTS:
        raise ContractError(ReasonCode.INCOMPLETE)
    return part


@dataclass(slots=True)
class ReadBack:
    """Collect the parts of one gate's answer; those of an older version are left."""

    parts: dict[int, HeldPart] = field(default_factory=dict)

    def take(self, part: HeldPart) -> Held | None:
        """Add a verified part; return the whole document when it is complete.

        Raises ContractError(`digest_mismatch`) where the parts do not make what was signed; then
        they are dropped.
        """
        first = next(iter(self.parts.values()), part)
        if part.version < first.version:
            return None
        same = (part.version, part.digest, part.total) == (first.version, first.digest, first.total)
        if not same:
            self.parts.clear()
        self.parts[part.index] = part
        if len(self.parts) < part.total:
            return None
        held = Held(part.version, part.digest, dict(_all(self.parts.values())))
        self.parts.clear()
        if held.version:
            documents.check_digest(held)
        return held


def _all(parts: Iterable[HeldPart]) -> Iterable[tuple[str, bytes]]:
    for part in parts:
        yield from part.puts
