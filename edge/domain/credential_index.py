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
from mqtt.contract.ids import id_from_text, id_to_text
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
    """The credentials of one version of the document, by the text ids under which they stand there.

    `raw` are the records as held, `records` the decoded ones, `by_card` the ids that name a card
    (an ended fob may have been given out again), `pins` goes from salt to hash to owner.
    """

    raw: Mapping[str, bytes] = field(default_factory=dict)
    records: Mapping[str, CredentialRecord] = field(default_factory=dict)
    by_card: Mapping[Card, tuple[str, ...]] = field(default_factory=dict)
    pins: Mapping[bytes, Mapping[bytes, FoundPin]] = field(default_factory=dict)
    unreadable: int = 0

    def get(self, id_: bytes) -> CredentialRecord | None:
        """Return the credential with this id, or None."""
        return self.records.get(id_to_text(id_))

    def of_card(self, card: Card) -> tuple[bytes, ...]:
        """Return the ids of the credentials that a card (value, length) stands for."""
        return tuple(id_ for key in self.by_card.get(card, ()) if (id_ := _id_of(key)))

    def needs_pin(self, card: Card) -> bool:
        """Tell whether a card opens only together with a PIN, so that its reader waits for one."""
        return any(
            record.fob_needs_pin
            for key in self.by_card.get(card, ())
            if (record := self.records.get(key)) is not None
        )

    def updated(self, raw: Mapping[str, bytes]) -> "CredentialIndex":
        """Return the index of the records `raw`, decoding only what differs from this one."""
        if raw is self.raw:
            return self
        changed = {key: data for key, data in raw.items() if self.raw.get(key) != data}
        gone = self.raw.keys() - raw.keys()
        fresh = dict(_decoded(changed))
        records = dict(self.records)
        for key in (*changed, *gone):
            records.pop(key, None)
        records.update(fresh)
        cards = dict(self.by_card)
        _drop_cards(cards, self.records, (*changed, *gone))
        for key, record in fresh.items():
            if record.card is not None:
                cards[record.card] = (*cards.get(record.card, ()), key)
        return CredentialIndex(raw, records, cards, _pins(records), len(raw) - len(records))

    def find_pin(self, digits: str) -> FoundPin | None:
        """Return the owner of a PIN that was entered alone; costs one scrypt for each salt."""
        for salt in sorted(self.pins)[:MAX_PIN_SALTS]:
            found = self.pins[salt].get(hash_pin(digits, salt))
            if found is not None:
                return found
        return None


def _decoded(raw: Mapping[str, bytes]) -> Iterator[tuple[str, CredentialRecord]]:
    levels: dict[tuple[str, ...], tuple[str, ...]] = {}
    for key, data in raw.items():
        try:
            plain = cbor2.loads(data)
            record = msgspec.convert(plain, CredentialRecord, builtin_types=(bytes,))
        except (cbor2.CBORDecodeError, msgspec.ValidationError, ValueError, TypeError):
            continue
        shared = levels.setdefault(record.levels, record.levels)
        yield key, msgspec.structs.replace(record, levels=shared)


def _id_of(key: str) -> bytes:
    """Return the id that a text stands for, or nothing if it is none."""
    try:
        return id_from_text(key)
    except ContractError:
        return b""


def _drop_cards(
    cards: dict[Card, tuple[str, ...]],
    before: Mapping[str, CredentialRecord],
    touched: Iterable[str],
) -> None:
    for key in touched:
        record = before.get(key)
        if record is not None and record.card is not None:
            left = tuple(other for other in cards.pop(record.card, ()) if other != key)
            if left:
                cards[record.card] = left


def _pins(records: Mapping[str, CredentialRecord]) -> dict[bytes, dict[bytes, FoundPin]]:
    pins: dict[bytes, dict[bytes, FoundPin]] = {}
    for key, record in records.items():
        if record.method is not Method.PIN or not record.pin_salt:
            continue
        owners, id_ = pins.setdefault(record.pin_salt, {}), _id_of(key)
        if record.duress_hash:
            owners[record.duress_hash] = FoundPin(id_, duress=True)
        if record.pin_hash:
            owners[record.pin_hash] = FoundPin(id_, duress=False)
    return pins


def same_hash(digits: str, salt: bytes, expected: bytes) -> bool:
    """Compare a PIN with one stored hash in constant time; an empty one equals nothing."""
    return bool(expected and salt) and hmac.compare_digest(hash_pin(digits, salt), expected)
