"""Build what a gate knows, and play a gate with a quick shell and a disk that never fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from edge.domain.card_formats import CardBits, CardTier
from edge.domain.effects import Effect, Indicate, Record, Relock, Remember, Reply, Signal, Unlock
from edge.domain.gate import step
from edge.domain.gate_boot import boot
from edge.domain.gate_memory import Shift
from edge.domain.gate_state import GateState
from edge.domain.inputs import (
    Attempted,
    CommandArrived,
    DoorSensed,
    ExitRequested,
    FireSensed,
    Input,
    RelayMoved,
    StaffActed,
    Tick,
)
from edge.domain.knowledge import Knowledge
from edge.domain.model import (
    AccessAttempt,
    CardClaim,
    Claim,
    ClockTrust,
    Moment,
    PassClaim,
    PinClaim,
    StaffAction,
)
from edge.domain.ports import Boot
from mqtt.contract import codec
from mqtt.contract.commands import Command, Operation
from mqtt.contract.documents import Held
from mqtt.contract.entry_pass import ANY_GATE, EntryPass, PassKind, gate_tag, issue, site_tag
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import AdapterKind, Direction, EventKind, Method, Outcome
from mqtt.contract.ids import id_to_text
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.reasons import ReasonCode
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

    def documents(self) -> dict[DocumentName, Held]:
        """Return the documents as a gate holds them."""
        config = {
            "gate": self.gate,
            **{f"portal:{name}": record for name, record in self.portals.items()},
            **{f"ap:{name}": record for name, record in self.access_points.items()},
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
        return {
            DocumentName.CONFIG: held(config, self.version),
            DocumentName.POLICY: held(policy, self.version),
            DocumentName.CREDENTIALS: held(credentials, self.version),
            DocumentName.REVOCATIONS: held(revoked, self.version),
            DocumentName.KEYS: held({key_id(SIGNER.public_key).hex(): key}),
            DocumentName.ROSTER: held(self.roster, self.version),
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
    return issue(replace(pass_, **changes), SIGNER)  # type: ignore[arg-type]


def visitor_pass(at_ms: int = NOON, home: str = GATE, **changes: object) -> str:
    """Return a visitor's pass whose credential no gate knows."""
    tag = gate_tag(SITE, home) if home else ANY_GATE
    fields = {"credential": credential_id(777), "home_gate_tag": tag, **changes}
    return make_pass(PassKind.VISITOR, at_ms, **fields)


class GateRun:
    """A gate in a test: it keeps the state and the log, and moves its relays like a quick shell."""

    def __init__(self, papers: Papers | None = None, *, mono_ms: int = 10_000) -> None:
        self.papers = papers or Papers()
        self.knowledge = self.papers.knowledge()
        self.at = Moment(mono_ms, NOON)
        self.records: list[Record] = []
        self.memory: dict[tuple[str, bytes], bytes] = {}
        self.effects: tuple[Effect, ...] = ()
        self.all_effects: list[Effect] = []
        self.relays: dict[str, bool] = {}
        self.state = GateState()
        self.start()

    def start(self, unfinished: tuple[int, ...] = ()) -> None:
        """Boot from what was remembered."""
        known = Boot(1, 1, len(self.records), 0, 0, False, dict(self.memory), unfinished)
        self.state, effects = boot(known, self.knowledge, self.at, SIMULATED)
        self._shell(effects)
        self.effects = effects

    def relearn(self) -> None:
        """Take the changed documents."""
        self.knowledge = self.papers.knowledge(self.knowledge.lists_confirmed_ms)

    def send(self, item: Input) -> tuple[Effect, ...]:
        """Give one input; return its own effects, those of moved relays not included."""
        self.state, effects = step(self.state, item, self.knowledge)
        self._shell(effects)
        self.effects = effects
        return effects

    def _shell(self, effects: tuple[Effect, ...]) -> None:
        decision_seq = -1
        for effect in effects:
            self.all_effects.append(effect)
            match effect:
                case Record(kind=kind):
                    if kind is EventKind.DECISION:
                        decision_seq = len(self.records)
                    self.records.append(effect)
                case Unlock(portal):
                    self.relays[portal] = True
                case Relock(portal):
                    self.relays[portal] = False
                case Remember(kind, key, value):
                    if value is None:
                        self.memory.pop((kind, key), None)
                    else:
                        self.memory[kind, key] = value
        for effect in effects:
            if isinstance(effect, Unlock) and effect.access_point:
                moved = RelayMoved(
                    self.at,
                    effect.portal,
                    effect.access_point,
                    unlocked=True,
                    cause_seq=decision_seq,
                    intent_mono_ms=effect.intent_mono_ms,
                    method=effect.method,
                    adapter_kind=SIMULATED,
                )
                self.state, more = step(self.state, moved, self.knowledge)
                self._shell(more)

    def wait(self, ms: int) -> tuple[Effect, ...]:
        """Let time pass and tick."""
        self.at = replace(self.at, mono_ms=self.at.mono_ms + ms, utc_ms=self.at.utc_ms + ms)
        return self.send(Tick(self.at))

    def restart(self, off_ms: int = 30_000, trust: ClockTrust = ClockTrust.SYNCED) -> None:
        """Cut the power and start again with a monotonic clock from zero."""
        self.at = Moment(500, self.at.utc_ms + off_ms, trust)
        self.relays = {}
        self.start()

    def attempt(self, method: Method, claim: Claim, place: str = IN) -> ReasonCode | None:
        """Try to pass; return the reason of the decision, None if none was made."""
        attempt = AccessAttempt(place, method, claim, self.at.mono_ms, SIMULATED)
        decided = [
            effect.reason
            for effect in self.send(Attempted(self.at, attempt))
            if isinstance(effect, Record) and effect.kind is EventKind.DECISION
        ]
        return decided[0] if decided else None

    def fob(self, card: CardBits = CARD, place: str = IN, pin: str = "") -> ReasonCode | None:
        """Present a fob."""
        return self.attempt(Method.FOB, CardClaim(card, CardTier.CLONABLE, pin), place)

    def pin(self, digits: str, place: str = IN) -> ReasonCode | None:
        """Enter a PIN alone."""
        return self.attempt(Method.PIN, PinClaim(digits), place)

    def show(self, text: str, place: str = IN) -> ReasonCode | None:
        """Show a code."""
        return self.attempt(Method.QR, PassClaim(text), place)

    def door(self, *, is_open: bool, portal: str = DOOR) -> tuple[Effect, ...]:
        """Open or close the door leaf."""
        return self.send(DoorSensed(self.at, portal, is_open, SIMULATED))

    def walk_through(self, portal: str = DOOR) -> None:
        """Open the door a second later and close it two seconds after that."""
        self.wait(1_000)
        self.door(is_open=True, portal=portal)
        self.wait(2_000)
        self.door(is_open=False, portal=portal)

    def fire(self, *, active: bool = True, line_fault: bool = False) -> tuple[Effect, ...]:
        """Let the fire panel speak."""
        return self.send(FireSensed(self.at, active, line_fault, SIMULATED))

    def leave(self, portal: str = DOOR) -> tuple[Effect, ...]:
        """Press the exit button and let it go; return what the press did."""
        effects = self.send(ExitRequested(self.at, portal, pressed=True, adapter_kind=SIMULATED))
        self.send(ExitRequested(self.at, portal, pressed=False, adapter_kind=SIMULATED))
        return effects

    def staff(self, action: StaffAction, place: str = IN, **more: object) -> ReasonCode:
        """Use the panel; return the reason of what was recorded for it."""
        item = StaffActed(self.at, place, action, SIMULATED, **more)  # type: ignore[arg-type]
        kinds = {EventKind.GUARD, EventKind.DECISION}
        return next(
            effect.reason
            for effect in self.send(item)
            if isinstance(effect, Record) and effect.kind in kinds
        )

    def sign_on(self) -> ReasonCode:
        """Sign the first guard on."""
        card = (GUARD_CARD.value, GUARD_CARD.length)
        return self.staff(StaffAction.SIGN_ON, card=card, pin=GUARD_PIN)

    def on_duty(self) -> None:
        """Put the first guard on duty without the cost of a PIN hash."""
        memory = replace(self.state.memory, shift=Shift(GUARD, self.at.mono_ms))
        self.state = msgspec.structs.replace(self.state, memory=memory)

    def command(self, op: Operation, number: int = 1, **changes: object) -> Reply:
        """Let a checked command arrive; return the answer."""
        command = Command(
            SITE,
            GATE,
            b"boot",
            number.to_bytes(16, "big"),
            op,
            IN,
            0,
            GUARD,
            "delivery",
            self.at.utc_ms,
            self.at.mono_ms + 10_000,
        )
        command = msgspec.structs.replace(command, **changes)
        effects = self.send(CommandArrived(self.at, command))
        return next(effect for effect in effects if isinstance(effect, Reply))

    def is_unlocked(self, portal: str = DOOR) -> bool:
        """Tell where the newest command of this start left the relay."""
        return self.relays.get(portal, False)

    def unlocks(self) -> list[Unlock]:
        """Return every unlocking so far."""
        return [effect for effect in self.all_effects if isinstance(effect, Unlock)]

    def told(self, kind: EventKind) -> list[ReasonCode]:
        """Return the reasons of every record of one kind so far."""
        return [record.reason for record in self.records if record.kind is kind]

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of every passage so far."""
        return [one.outcome for one in self.records if one.kind is EventKind.PASSAGE]

    def shown(self) -> list[tuple[Signal, ReasonCode]]:
        """Return what the last input showed to people."""
        return [(one.signal, one.reason) for one in self.effects if isinstance(one, Indicate)]
