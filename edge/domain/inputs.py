"""Everything that can happen to a gate. Each input carries the Moment at which it was sensed."""

from dataclasses import dataclass

from edge.domain.face_inputs import FaceInput
from edge.domain.model import AccessAttempt, Moment, StaffAction
from mqtt.contract.commands import Command
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Attempted",
    "CallPressed",
    "CommandArrived",
    "DoorSensed",
    "ExitRequested",
    "FeedHeard",
    "FireSensed",
    "Input",
    "LockSensed",
    "MoveHeard",
    "Observed",
    "PowerSensed",
    "RedemptionHeard",
    "RelayMoved",
    "StaffActed",
    "TamperSensed",
    "Tick",
    "WayChanged",
]


@dataclass(frozen=True, slots=True)
class Attempted:
    """Somebody tried to pass."""

    at: Moment
    attempt: AccessAttempt


@dataclass(frozen=True, slots=True)
class DoorSensed:
    """The door position switch changed or was read at start."""

    at: Moment
    portal: str
    is_open: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class LockSensed:
    """The lock's own contact says whether it is locked."""

    at: Moment
    portal: str
    is_locked: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class ExitRequested:
    """The exit button went down (`pressed`) or up."""

    at: Moment
    portal: str
    pressed: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FireSensed:
    """The fire panel's contact changed; a broken wire (`line_fault`) counts as fire for doors."""

    at: Moment
    active: bool
    line_fault: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class TamperSensed:
    """The housing was opened or closed."""

    at: Moment
    is_open: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class PowerSensed:
    """The supply changed between mains and battery."""

    at: Moment
    on_battery: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class CommandArrived:
    """A command passed every check of the contract; the step that executes it burns its id."""

    at: Moment
    command: Command


@dataclass(frozen=True, slots=True)
class StaffActed:
    """Somebody used the guard panel.

    `card` (value, length) and `pin` say who signs on; for `hold_open` and `give_reason` they are
    those of the second person who confirms. Every other act is that of the person who is signed on.
    """

    at: Moment
    access_point: str
    action: StaffAction
    adapter_kind: AdapterKind
    card: tuple[int, int] | None = None
    pin: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        return f"StaffActed({self.action.value} at {self.access_point})"


@dataclass(frozen=True, slots=True)
class CallPressed:
    """Somebody called the guard."""

    at: Moment
    access_point: str
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class RedemptionHeard:
    """Another gate used up a use of a pass. `use` counts from 1."""

    at: Moment
    gate: str
    pass_id: bytes
    use: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class FeedHeard:
    """Anything arrived on the redemption topic of `gate`; our own, coming back, proves the link.

    Gates send a sign of life there at least every 30 s while connected.
    """

    at: Moment
    gate: str


@dataclass(frozen=True, slots=True)
class MoveHeard:
    """Another gate let `holder` from one zone into another (`""` is outside every zone)."""

    at: Moment
    gate: str
    holder: bytes
    zone_from: str
    zone_to: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RelayMoved:
    """The shell commanded a relay for `access_point`, or for none.

    `cause_seq` is the number of the decision's record, -1 for none or while the disk has not
    answered (then the shell tells again with the number); `intent_mono_ms` is the first presence of
    the attempt, -1 for none.
    """

    at: Moment
    portal: str
    access_point: str
    unlocked: bool
    cause_seq: int
    intent_mono_ms: int
    method: Method
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class WayChanged:
    """A way in became `ready`, `fault`, `suspended` or `not_installed` at an access point."""

    at: Moment
    access_point: str
    method: Method
    status: str
    reason: ReasonCode
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class Observed:
    """Something to record that changes no state: a reader's fault, a document, a clock jump."""

    at: Moment
    kind: EventKind
    reason: ReasonCode
    adapter_kind: AdapterKind
    access_point: str = ""
    method: Method = Method.NONE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; timers that are due run."""

    at: Moment


Input = (
    Attempted
    | DoorSensed
    | LockSensed
    | ExitRequested
    | FireSensed
    | TamperSensed
    | PowerSensed
    | CommandArrived
    | StaffActed
    | CallPressed
    | RedemptionHeard
    | FeedHeard
    | MoveHeard
    | RelayMoved
    | WayChanged
    | Observed
    | Tick
    | FaceInput
)
