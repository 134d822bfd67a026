"""Play a gate with a shell that is always quick and a disk that never fails."""

from dataclasses import replace

import msgspec

from edge.domain.card_formats import CardBits, CardTier
from edge.domain.door_model import NO_END
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
from mqtt.contract.commands import Command, Operation
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from tests.support.gate_factories import (
    CARD,
    DOOR,
    GATE,
    GUARD,
    GUARD_CARD,
    GUARD_PIN,
    IN,
    NOON,
    SIMULATED,
    SITE,
    Papers,
)


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
        self.relays: dict[str, int] = {}
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
                case Unlock(portal, duration_ms):
                    end_ms = self.at.mono_ms + duration_ms
                    self.relays[portal] = end_ms if duration_ms else NO_END
                case Relock(portal):
                    self.relays[portal] = 0
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
        item = StaffActed(self.at, place, action, SIMULATED, **more)  # type: ignore[arg-type]  # keywords of the dataclass
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
        """Tell where the relay is now; its board ends a pulse by itself."""
        return self.relays.get(portal, 0) > self.at.mono_ms

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
