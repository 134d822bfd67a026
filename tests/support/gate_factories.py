"""Build what a gate knows, and play a gate with a quick shell and a disk that never fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from edge.domain.card_formats import CardBits
from edge.domain.knowledge import Knowledge
from mqtt.contract import codec
from mqtt.contract.documents import Held
from mqtt.contract.entry_pass import ANY_GATE, EntryPass, PassKind, gate_tag, issue, site_tag
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import AdapterKind, Direction, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.records import (
    AccessPointRecord,
    CalendarRecord,
    ConfigRecord,
    CredentialRecord,
    GrantRecord,
    KeyRecord,
    KeyScope,
    LevelRecord,
    PortalRecord,
    RevocationRecord,
    Role,
    ScheduleRecord,
    StaffRecord,
)
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.topics import DocumentName

SITE = "tongxing-yuan"
GATE = "gate-east"
OTHER_GATE = "gate-west"
IN, OUT, DOOR = "east-in", "east-out", "east-door"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = 1_795_320_000_000
"""Sunday 2026-11-22 12:00:00 in Asia/Shanghai, as UTC ms."""
FOREVER = 4_102_444_800_000
SIGNER = Ed25519Signer.from_seed(bytes(range(32)))
SALT = b"compound-pinsalt"
CARD = CardBits(0x5566, 24)
GUARD, GUARD_CARD, GUARD_PIN = b"guard-01", CardBits(0x7001, 24), "1357"
SECOND, SECOND_CARD, SECOND_PIN = b"guard-02", CardBits(0x7002, 24), "2468"
SIMULATED = AdapterKind.SIMULATED
FACE_SETTINGS = FaceSettingsRecord("PIA-2026-01", "v1", NOON - DAY)


def person(number: int) -> bytes:
    """Return a holder's pseudonym."""
    return b"h" + number.to_bytes(7, "big")


def credential_id(number: int) -> bytes:
    """Return a credential's or pass's id."""
    return b"c" + number.to_bytes(7, "big")


def held(records: Mapping[str, msgspec.Struct], version: int = 1) -> Held:
    """Return a document as held."""
    return Held(version, b"", {key: codec.encode(record) for key, record in records.items()})


def make_credential(
    method: Method = Method.FOB, holder: int = 1, **changes: object
) -> CredentialRecord:
    """Return a credential of a resident, valid for long."""
    record = CredentialRecord(person(holder), method, ("residents",), 0, FOREVER)
    return msgspec.structs.replace(record, **changes)


def with_pin(digits: str, duress: str = "", **changes: object) -> CredentialRecord:
    """Return a credential with a PIN under the compound's salt."""
    record = make_credential(
        Method.PIN,
        pin_salt=SALT,
        pin_hash=hash_pin(digits, SALT),
        duress_hash=hash_pin(duress, SALT) if duress else b"",
    )
    return msgspec.structs.replace(record, **changes)


def make_staff(card: CardBits, pin: str, **changes: object) -> StaffRecord:
    """Return a guard of the roster."""
    salt = b"s" * 8 + card.value.to_bytes(8, "big")
    record = StaffRecord(Role.GUARD, salt, hash_pin(pin, salt), (card.value, card.length))
    return msgspec.structs.replace(record, **changes)


_ROSTER = {
    id_to_text(GUARD): make_staff(GUARD_CARD, GUARD_PIN),
    id_to_text(SECOND): make_staff(SECOND_CARD, SECOND_PIN),
}

FOB, PHONE, PAD_PIN = credential_id(1), credential_id(2), credential_id(3)
_CREDENTIALS = {
    FOB: make_credential(card=(CARD.value, CARD.length)),
    PHONE: make_credential(Method.QR),
    PAD_PIN: with_pin("135790", duress="097531"),
}


@dataclass
class Papers:
    """The documents of a gate, to be changed before `knowledge` is built from them."""

    gate: ConfigRecord = field(default_factory=ConfigRecord)
    portals: dict[str, PortalRecord] = field(default_factory=lambda: {DOOR: PortalRecord()})
    access_points: dict[str, AccessPointRecord] = field(
        default_factory=lambda: {IN: make_access_point(), OUT: make_access_point(Direction.OUT)}
    )
    schedules: dict[str, ScheduleRecord] = field(
        default_factory=lambda: {"always": ScheduleRecord(always=True)}
    )
    levels: dict[str, LevelRecord] = field(
        default_factory=lambda: {"residents": LevelRecord((GrantRecord((IN, OUT), "always"),))}
    )
    calendars: dict[str, CalendarRecord] = field(default_factory=dict)
    credentials: dict[bytes, CredentialRecord] = field(default_factory=lambda: dict(_CREDENTIALS))
    revoked: dict[bytes, int] = field(default_factory=dict)
    roster: dict[str, StaffRecord] = field(default_factory=lambda: dict(_ROSTER))
    version: int = 1
    face: dict[str, FaceSettingsRecord] = field(default_factory=dict)
    consents: dict[str, msgspec.Struct] = field(default_factory=dict)

    def documents(self) -> dict[DocumentName, Held]:
        """Return the documents as a gate holds them."""
        config = {
            "gate": self.gate,
            **{f"portal:{name}": record for name, record in self.portals.items()},
            **{f"ap:{name}": record for name, record in self.access_points.items()},
            **{f"face:{name}": record for name, record in self.face.items()},
        }
        policy = {
            **{f"schedule:{name}": record for name, record in self.schedules.items()},
            **{f"level:{name}": record for name, record in self.levels.items()},
            **{f"calendar:{year}": record for year, record in self.calendars.items()},
        }
        every_scope = tuple(KeyScope)
        key = KeyRecord(SIGNER.public_key, every_scope, 0, FOREVER)
        revoked = {id_to_text(id_): RevocationRecord(end) for id_, end in self.revoked.items()}
        credentials = {id_to_text(id_): record for id_, record in self.credentials.items()}
        consents = held(self.consents, self.version)
        leases = {DocumentName.LEASES: consents} if self.consents else {}
        return {
            DocumentName.CONFIG: held(config, self.version),
            DocumentName.POLICY: held(policy, self.version),
            DocumentName.CREDENTIALS: held(credentials, self.version),
            DocumentName.REVOCATIONS: held(revoked, self.version),
            DocumentName.KEYS: held({key_id(SIGNER.public_key).hex(): key}),
            DocumentName.ROSTER: held(self.roster, self.version),
            **leases,
        }

    def knowledge(self, confirmed_ms: int = NOON) -> Knowledge:
        """Build what the gate knows."""
        return Knowledge.from_documents(
            SITE, GATE, self.documents(), lists_confirmed_ms=confirmed_ms
        )


def make_access_point(direction: Direction = Direction.IN, **changes: object) -> AccessPointRecord:
    """Return an access point of the door with every way but face."""
    ways = (Method.QR, Method.FOB, Method.PIN, Method.GUARD)
    return msgspec.structs.replace(AccessPointRecord(DOOR, direction, ways), **changes)


def make_pass(kind: PassKind = PassKind.PAPER, at_ms: int = NOON, **changes: object) -> str:
    """Return the text of a pass that began a minute before `at_ms`; a phone window begins then."""
    start_s = at_ms // 1_000 - (0 if kind is PassKind.RESIDENT_WINDOW else 60)
    length_s = {
        PassKind.RESIDENT_WINDOW: 59,
        PassKind.PAPER: 180 * 86_400,
        PassKind.SLIP: 3 * 86_400,
        PassKind.VISITOR: 12 * 3_600,
    }[kind]
    pass_ = EntryPass(kind, site_tag(SITE), credential_id(900), PHONE, start_s, start_s + length_s)
    return issue(replace(pass_, **changes), SIGNER)  # type: ignore[arg-type]  # keywords of the dataclass


def visitor_pass(at_ms: int = NOON, home: str = GATE, **changes: object) -> str:
    """Return a visitor's pass whose credential no gate knows."""
    tag = gate_tag(SITE, home) if home else ANY_GATE
    fields = {"credential": credential_id(777), "home_gate_tag": tag, **changes}
    return make_pass(PassKind.VISITOR, at_ms, **fields)
