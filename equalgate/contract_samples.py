"""Make one of everything on the wire, always the same, for vectors, schemas and tests.

Keys come from fixed seeds and are worth nothing.
"""

from msgspec.structs import replace

from mqtt.contract import audit, codec, commands, documents, entry_pass, envelope, events
from mqtt.contract.checkpoint import Checkpoint
from mqtt.contract.presence import Birth, Heartbeat
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope, LeaseRecord, Role, StaffRecord
from mqtt.contract.redemption import Feed, Move, Spent
from mqtt.contract.revocation import CarriedRevocation
from mqtt.contract.topics import DocumentName

__all__ = [
    "BOOT_ID",
    "GATE",
    "NOW_MS",
    "SEEDS",
    "SITE",
    "batch",
    "birth",
    "carried",
    "checkpoint",
    "command",
    "document",
    "feed",
    "heartbeat",
    "keys",
    "leaf",
    "passes",
    "roster",
    "signer",
]

SITE = "tongxing-court"
GATE = "gate-north"
NOW_MS = 1_795_000_000_000
BOOT_ID = bytes(range(16))
SEEDS = {
    "gate": 1,
    "document": 2,
    "command": 3,
    "ack": 4,
    "witness": 5,
    "resident_pass": 6,
    "paper_pass": 7,
    "slip_pass": 8,
    "visitor_pass": 9,
    "revocation": 10,
    "guard": 11,
    "manager": 12,
}
"""Who signs: the seed is 32 times this byte."""

_NOW_S = NOW_MS // 1_000
_DAY_S = 86_400
_HOLDER = b"holder-1"
_CREDENTIAL = b"credent1"


def signer(who: str) -> envelope.Ed25519Signer:
    """Return the signing key of one of `SEEDS`."""
    return envelope.Ed25519Signer.from_seed(bytes([SEEDS[who]]) * 32)


def keys() -> dict[bytes, KeyRecord]:
    """Return the keys document's content: kid -> record, every scope once."""
    scopes: dict[str, tuple[KeyScope]] = {
        scope.value: (scope,) for scope in KeyScope if scope.value in SEEDS
    }
    found = {}
    for who in ("gate", *scopes):
        public_key = signer(who).public_key
        granted = scopes.get(who, (KeyScope.REDEMPTION,))
        gate = GATE if who == "gate" else ""
        found[envelope.key_id(public_key)] = KeyRecord(public_key, granted, 0, 2 * NOW_MS, gate)
    return found


def leaf(seq: int = 0) -> tuple[events.Leaf, bytes, bytes]:
    """Return leaf number `seq`, its salt and its personal part."""
    salt = bytes([seq]) * audit.SALT_BYTES
    personal = codec.encode(events.Personal(_HOLDER, _CREDENTIAL))
    made = events.Leaf(
        version=events.LEAF_VERSION,
        site=SITE,
        gate=GATE,
        epoch=3,
        seq=seq,
        kind=events.EventKind.DECISION,
        access_point="north-in",
        method=events.Method.QR,
        outcome=events.Outcome.GRANTED,
        reason=ReasonCode.GRANTED,
        at_s=_NOW_S + seq,
        boot_mono_ms=60_000 + seq,
        clock_level=0,
        policy_version=7,
        intent_to_unlock_ms=412,
        direction=events.Direction.IN,
        adapter_kind=events.AdapterKind.SIMULATED,
        cause_seq=-1,
        commitment=audit.commitment(salt, personal),
    )
    return made, salt, personal


def batch(count: int = 3) -> bytes:
    """Return a signed batch of `count` events; the personal part of the second is erased."""
    made = [leaf(seq) for seq in range(count)]
    header = events.BatchHeader(SITE, GATE, 3, 0, tuple(codec.encode(each[0]) for each in made))
    personal = tuple(None if each[0].seq == 1 else (each[1], each[2]) for each in made)
    return events.seal_batch(header, personal, signer("gate"))


def birth(**changes: object) -> Birth:
    """Return a birth, with some fields changed."""
    made = Birth(
        site=SITE,
        gate=GATE,
        boot_id=BOOT_ID,
        boot_counter=5,
        mono_ms=1_000,
        at_ms=NOW_MS,
        clock_level=0,
        epoch=3,
        size=0,
        root=audit.EMPTY_ROOT,
        acked=0,
        documents={"config": (4, bytes(32))},
        reads={"hb": 3},
        adapter_kind=events.AdapterKind.SIMULATED,
        software="0.1.0",
    )
    return replace(made, **changes)


def heartbeat(**changes: object) -> Heartbeat:
    """Return a heartbeat, with some fields changed."""
    made = Heartbeat(
        site=SITE,
        gate=GATE,
        boot_id=BOOT_ID,
        mono_ms=16_000,
        at_ms=NOW_MS + 15_000,
        clock_level=0,
        epoch=3,
        size=3,
        root=audit.EMPTY_ROOT,
        doors={"north": "secured"},
        methods={"qr": "ready", "fob": "ready", "guard": "ready", "face": "ready"},
        adapter_kind=events.AdapterKind.SIMULATED,
        power="mains",
        face={"presses": 2, "entry_armed": 2, "entry_frames": 60, "self_test_embeddings": 4},
        face_state="ready",
    )
    return replace(made, **changes)


def roster() -> dict[bytes, StaffRecord]:
    """Return a guard and a manager with keys of their own, and an inspector."""
    return {
        b"guard-01": StaffRecord(Role.GUARD, public_key=signer("guard").public_key),
        b"manager1": StaffRecord(Role.MANAGER, public_key=signer("manager").public_key),
        b"inspect1": StaffRecord(Role.INSPECTOR),
    }


def command(**changes: object) -> commands.Command:
    """Return a remote open by the guard, with some fields changed."""
    made = commands.Command(
        site=SITE,
        gate=GATE,
        boot_id=BOOT_ID,
        id=b"command-id-00001",
        op=commands.Operation.OPEN,
        access_point="north-in",
        duration_s=0,
        actor=b"guard-01",
        reason="delivery",
        issued_at_ms=NOW_MS,
        deadline_mono_ms=70_000,
    )
    return replace(made, **changes)


def document(version: int = 1) -> tuple[documents.DocumentHeader, documents.Held]:
    """Return a small `leases` document and its header."""
    lease = LeaseRecord(_CREDENTIAL, NOW_MS, NOW_MS + 3_600_000 * version)
    records = {"lease:nbxwyzdfoiwtc": codec.encode(lease)}
    held = documents.Held(version, documents.digest_of(records), records)
    header = documents.DocumentHeader(
        SITE, GATE, DocumentName.LEASES, version, held.digest, len(records), NOW_MS, {"hb": 3}
    )
    return header, held


def feed() -> Feed:
    """Return a gate's news about one used pass and one move."""
    news = ((Spent(b"passid-1", 1, NOW_MS),), (Move(_HOLDER, "", "yard"),))
    return Feed(SITE, GATE, 5, 20_000, *news)


def passes() -> dict[str, tuple[str, entry_pass.EntryPass]]:
    """Return signer and pass of each kind."""
    tag, kind = entry_pass.site_tag(SITE), entry_pass.PassKind
    base = (tag, b"passid-1", _CREDENTIAL, _NOW_S)
    window = entry_pass.EntryPass(kind.RESIDENT_WINDOW, *base, _NOW_S + 60)
    paper = entry_pass.EntryPass(kind.PAPER, *base, _NOW_S + 180 * _DAY_S)
    slip = entry_pass.EntryPass(kind.SLIP, *base, _NOW_S + 2 * _DAY_S)
    visitor = entry_pass.EntryPass(
        kind.VISITOR, *base, _NOW_S + _DAY_S, 3, 8, entry_pass.gate_tag(SITE, GATE)
    )
    return {
        "resident_window": ("resident_pass", window),
        "paper": ("paper_pass", paper),
        "slip": ("slip_pass", slip),
        "visitor": ("visitor_pass", visitor),
    }


def carried() -> CarriedRevocation:
    """Return a revocation of two ids for one gate."""
    entries = ((b"credent1", _NOW_S + _DAY_S), (b"passid-1", _NOW_S + 2 * _DAY_S))
    tag = entry_pass.gate_tag(SITE, GATE)
    return CarriedRevocation(entry_pass.site_tag(SITE), _NOW_S, entries, tag, 12)


def checkpoint() -> Checkpoint:
    """Return the state of a log of three leaves."""
    hashes = [audit.leaf_hash(codec.encode(leaf(seq)[0])) for seq in range(3)]
    return Checkpoint(SITE, GATE, 3, 3, audit.root_of(hashes))
