"""Read the keys document and choose the keys that may sign something now."""

from collections.abc import Mapping

from mqtt.contract import codec, envelope
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope

__all__ = ["keys_for", "read_keys"]


def read_keys(held: Held) -> dict[bytes, KeyRecord]:
    """Return key id (8 bytes) -> record of a keys document, whose record ids are key ids in hex.

    Raises ContractError: `wrong_shape` or another codec error, `bad_id` if a record's id is not the
    key's, `incomplete` if no key in it could sign the next keys document.
    """
    keys = {}
    for key, raw in held.records.items():
        record = codec.decode(raw, KeyRecord)
        kid = envelope.key_id(record.public_key)
        if kid.hex() != key or len(record.public_key) != 32:
            raise ContractError(ReasonCode.BAD_ID)
        keys[kid] = record
    if not any(KeyScope.DOCUMENT in record.scopes for record in keys.values()):
        raise ContractError(ReasonCode.INCOMPLETE, "document key")
    return keys


def keys_for(
    records: Mapping[bytes, KeyRecord], scope: KeyScope, now_ms: int | None
) -> dict[bytes, bytes]:
    """Return key id -> raw public key of the keys that may sign `scope` at `now_ms` (UTC).

    With `now_ms` None (the clock is not trusted) the keys' windows are not judged.
    """
    return {
        kid: record.public_key
        for kid, record in records.items()
        if scope in record.scopes
        and (now_ms is None or record.not_before_ms <= now_ms <= record.not_after_ms)
    }
