"""Make what a gate unit knows: one door, two ways through it, thousands of residents."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from edge.domain.card_bits import CardBits
from edge.domain.knowledge import Knowledge
from mqtt.contract import codec
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.entry_pass import EntryPass, PassKind, issue, site_tag
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import Direction, Method
from mqtt.contract.ids import GateId, SiteId, id_to_text
from mqtt.contract.records import (
    AccessPointRecord,
    ConfigRecord,
    CredentialRecord,
    GrantRecord,
    KeyRecord,
    KeyScope,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
)
from mqtt.contract.topics import DocumentName

__all__ = ["DOOR", "GATE", "IN", "OUT", "SITE", "Papers", "card", "credential_id", "make_papers"]

SITE, GATE = SiteId("bench-site"), GateId("gate-east")
DOOR, IN, OUT = "east-door", "east-in", "east-out"
_FOREVER_MS = 4_102_444_800_000
_CARD_LENGTH = 24


def card(number: int) -> CardBits:
    """Return the fob of resident `number`."""
    return CardBits(0x1000 + number, _CARD_LENGTH)


def credential_id(number: int) -> bytes:
    """Return the id of a resident's fob; the QR credential of resident 0 has -1."""
    return b"c" + (number + 1).to_bytes(7, "big")


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of a gate and the key that signs whatever the site signs."""

    signer: Ed25519Signer
    documents: Mapping[DocumentName, Held]

    def knowledge(self, confirmed_ms: int) -> Knowledge:
        """Build what the gate knows, with lists confirmed at `confirmed_ms` (UTC)."""
        return Knowledge.from_documents(SITE, GATE, self.documents, lists_confirmed_ms=confirmed_ms)

    def paper_pass(self, number: int, at_ms: int) -> str:
        """Return the text of a standing pass that began a minute before `at_ms` (UTC)."""
        start_s = at_ms // 1000 - 60
        pass_id = b"p" + number.to_bytes(7, "big")
        made = EntryPass(
            PassKind.PAPER,
            site_tag(SITE),
            pass_id,
            credential_id(-1),
            start_s,
            start_s + 180 * 86_400,
        )
        return issue(made, self.signer)


def make_papers(fobs: int) -> Papers:
    """Make the documents of a gate with `fobs` residents; the key is drawn anew."""
    signer = Ed25519Signer.from_seed(secrets.token_bytes(32))
    ways = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)
    config = {
        "gate": ConfigRecord(),
        f"portal:{DOOR}": PortalRecord(),
        f"ap:{IN}": AccessPointRecord(DOOR, Direction.IN, ways),
        f"ap:{OUT}": AccessPointRecord(DOOR, Direction.OUT, ways),
    }
    policy = {
        "schedule:always": ScheduleRecord(always=True),
        "level:residents": LevelRecord((GrantRecord((IN, OUT), "always"),)),
    }
    key = KeyRecord(signer.public_key, tuple(KeyScope), 0, _FOREVER_MS)
    keys = {key_id(signer.public_key).hex(): key}
    return Papers(
        signer,
        {
            DocumentName.CONFIG: _held(config),
            DocumentName.POLICY: _held(policy),
            DocumentName.CREDENTIALS: _held(_credentials(fobs)),
            DocumentName.REVOCATIONS: _held({}),
            DocumentName.KEYS: _held(keys),
            DocumentName.ROSTER: _held({}),
        },
    )


def _credentials(fobs: int) -> dict[str, msgspec.Struct]:
    made: dict[str, msgspec.Struct] = {
        id_to_text(credential_id(-1)): CredentialRecord(
            b"holder-0", Method.QR, ("residents",), 0, _FOREVER_MS
        )
    }
    for number in range(fobs):
        bits = card(number)
        made[id_to_text(credential_id(number))] = CredentialRecord(
            b"h" + number.to_bytes(7, "big"),
            Method.FOB,
            ("residents",),
            0,
            _FOREVER_MS,
            card=(bits.value, bits.length),
        )
    return made


def _held(records: Mapping[str, msgspec.Struct]) -> Held:
    encoded = {key: codec.encode(record) for key, record in records.items()}
    return Held(1, digest_of(encoded), encoded)
