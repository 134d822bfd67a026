"""Find credentials by id, by card and by PIN.

Records were bound to a signed digest when their document was accepted, so they are decoded here
without checking their form again; one that cannot be read is left out and counted, and whoever
holds it is unknown. A new version of the document costs time for what changed only.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import cbor2
import msgspec

from mqtt.contract.errors import ContractError
from mqtt.contract.events import Method
from mqtt.contract.ids import id_from_text
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.records import CredentialRecord

__all__ = ["MAX_PIN_SALTS", "CredentialIndex", "FoundPin", "same_hash"]

MAX_PIN_SALTS = 4
"""Most salts that one PIN is tried with: one in use, and room for a change of salt."""

Card = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FoundPin:
    """Whose PIN it was, and whether it was the one for duress."""

    credential: bytes
    duress: bool


@dataclass(frozen=True, slots=True)
class CredentialIndex:
    """The credentials of one version of the document.

    `raw` are the records as held, `by_id` the decoded ones, `by_card` the ids that name a card (an
    ended fob may have been given out again), `pins` goes from salt to hash to owner.
    """

    raw: Mapping[str, bytes] = field(default_factory=dict)
    by_id: Mapping[bytes, CredentialRecord] = field(default_factory=dict)
    by_card: Mapping[Card, tuple[bytes, ...]] = field(default_factory=dict)
    pins: Mapping[bytes, Mapping[bytes, FoundPin]] = field(default_factory=dict)
    unreadable: int = 0

    def updated(self, records: Mapping[str, bytes]) -> "CredentialIndex":
        """Return the index of `records`, decoding only what differs from this one."""
        if records is self.raw:
            return self
        changed = {key: raw for key, raw in records.items() if self.raw.get(key) != raw}
        gone = self.raw.keys() - records.keys()
        fresh = dict(_decoded(changed))
        touched = {id_ for key in (*changed, *gone) if (id_ := _id_of(key)) is not None}
        by_id = {id_: record for id_, record in self.by_id.items() if id_ not in touched} | fresh
        cards = _recarded(self.by_card, self.by_id, touched, fresh)
        return CredentialIndex(records, by_id, cards, _pins(by_id), len(records) - len(by_id))

    def find_pin(self, digits: str) -> FoundPin | None:
        """Return the owner of a PIN that was entered alone; costs one scrypt for each salt."""
        for salt in sorted(self.pins)[:MAX_PIN_SALTS]:
            found = self.pins[salt].get(hash_pin(digits, salt))
            if found is not None:
                return found
        return None


def _decoded(records: Mapping[str, bytes]) -> Iterator[tuple[bytes, CredentialRecord]]:
    levels: dict[tuple[str, ...], tuple[str, ...]] = {}
    for key, raw in records.items():
        id_ = _id_of(key)
        try:
            plain = cbor2.loads(raw)
            record = msgspec.convert(plain, CredentialRecord, builtin_types=(bytes,))
        except (cbor2.CBORDecodeError, msgspec.ValidationError, ValueError, TypeError):
            continue
        if id_ is None:
            continue
        shared = levels.setdefault(record.levels, record.levels)
        yield id_, msgspec.structs.replace(record, levels=shared)


def _id_of(key: str) -> bytes | None:
    try:
        return id_from_text(key)
    except ContractError:
        return None


def _recarded(
    old: Mapping[Card, tuple[bytes, ...]],
    before: Mapping[bytes, CredentialRecord],
    touched: Iterable[bytes],
    fresh: Mapping[bytes, CredentialRecord],
) -> dict[Card, tuple[bytes, ...]]:
    cards = dict(old)
    for id_ in touched:
        record = before.get(id_)
        if record is not None and record.card is not None:
            left = tuple(other for other in cards.pop(record.card, ()) if other != id_)
            if left:
                cards[record.card] = left
    for id_, record in sorted(fresh.items()):
        if record.card is not None:
            cards[record.card] = (*cards.get(record.card, ()), id_)
    return cards


def _pins(records: Mapping[bytes, CredentialRecord]) -> dict[bytes, dict[bytes, FoundPin]]:
    pins: dict[bytes, dict[bytes, FoundPin]] = {}
    for id_, record in records.items():
        if record.method is not Method.PIN or not record.pin_salt:
            continue
        owners = pins.setdefault(record.pin_salt, {})
        if record.duress_hash:
            owners[record.duress_hash] = FoundPin(id_, duress=True)
        if record.pin_hash:
            owners[record.pin_hash] = FoundPin(id_, duress=False)
    return pins


def same_hash(digits: str, salt: bytes, expected: bytes) -> bool:
    """Compare a PIN with one stored hash in constant time; an empty one equals nothing."""
    return bool(expected and salt) and hmac.compare_digest(hash_pin(digits, salt), expected)
