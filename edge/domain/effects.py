"""What a step asks the shell to do, in order.

The shell gathers the `Record` and `Remember` effects of one step into one transaction. An `Unlock`
after them waits for it at most 50 ms, unless `wait_for_disk` says that it waits for as long as it
takes (single-use passes, remote commands, hard anti-passback). An `Unlock` before them (fire, exit)
does not wait. If the transaction of a waiting `Unlock` fails, the door stays as it is.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge.domain.face_orders import FaceOrder
from mqtt.contract.events import AdapterKind, Direction, EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "PREVIOUS_RECORD",
    "Effect",
    "FaceWakeAt",
    "Indicate",
    "InstallMode",
    "MemoryKind",
    "Record",
    "Relock",
    "Remember",
    "Reply",
    "Signal",
    "TellFace",
    "TellGates",
    "TellMove",
    "Unlock",
    "WakeAt",
]


@dataclass(frozen=True, slots=True)
class Record:
    """Write one event; `access_point` of a `door` event is the portal's name.

    `cause_seq` is the causing event's number, -1 for none, or PREVIOUS_RECORD.
    """

    kind: EventKind
    outcome: Outcome
    reason: ReasonCode
    adapter_kind: AdapterKind
    access_point: str = ""
    method: Method = Method.NONE
    direction: Direction = Direction.NONE
    intent_to_unlock_ms: int = -1
    cause_seq: int = -1
    personal: Personal | None = None


PREVIOUS_RECORD = -2
"""`cause_seq` of a record that was caused by the record just before it in the same step."""


class MemoryKind(StrEnum):
    """Small facts that must survive a restart."""

    BURNT = "burnt"
    USES = "uses"
    WINDOW = "window"
    POSITION = "position"
    LOCKDOWN = "lockdown"
    HOLD = "hold"
    TAMPER = "tamper"
    FIRE = "fire"
    FIRST_PERSON = "first_person"
    PIN_LOCK = "pin_lock"
    REASON_DUE = "reason_due"
    HAND_LOCK = "hand_lock"
    PAPER = "paper"
    REVOKED = "revoked"
    FACE_WITHDRAWN = "face_withdrawn"
    FACE_RECEIPT = "face_receipt"
    FACE_WATCH = "face_watch"


@dataclass(frozen=True, slots=True)
class Remember:
    """Store `value` under (`kind`, `key`), or forget it where `value` is None.

    `until_ms` (UTC) lets it be swept afterwards; 0 keeps it.
    """

    kind: MemoryKind
    key: bytes
    value: bytes | None
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Unlock:
    """Command the lock of `portal` open for `duration_ms`; 0 means until a Relock.

    The relay board bounds the pulse in hardware too.
    """

    portal: str
    duration_ms: int
    wait_for_disk: bool
    access_point: str = ""
    intent_mono_ms: int = -1
    method: Method = Method.NONE


@dataclass(frozen=True, slots=True)
class Relock:
    """Command the lock of `portal` to rest."""

    portal: str


class Signal(StrEnum):
    """What the person at the gate sees and hears."""

    GRANTED = "granted"
    DENIED = "denied"
    PIN_PLEASE = "pin_please"
    CALLING = "calling"
    ANSWERED = "answered"
    ALARM = "alarm"
    QUIET = "quiet"
    ASKING = "asking"
    LOOK = "look"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Indicate:
    """Show `signal` with the reason's text at `access_point`; every way in uses the same ones."""

    access_point: str
    signal: Signal
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class TellGates:
    """Tell the other gates that use number `use` of a pass is spent, after the disk has it."""

    pass_id: bytes
    use: int


@dataclass(frozen=True, slots=True)
class TellMove:
    """Tell the other gates that `holder` went from one zone into another, for anti-passback."""

    holder: bytes
    zone_from: str
    zone_to: str


@dataclass(frozen=True, slots=True)
class InstallMode:
    """Let the readers of `access_point` take a new key for `duration_ms`; it ends by itself."""

    access_point: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a command."""

    command_id: bytes
    done: bool
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a Tick at this monotonic time; the shell keeps the earliest one."""

    mono_ms: int


@dataclass(frozen=True, slots=True)
class TellFace:
    """Ask something of the face worker or the screen beside its button.

    With `wait_for_disk` it is done once the step's records are on the disk, or never: no log, no
    face. Without it, it is done at once: stopping and erasing wait for nothing.
    """

    order: FaceOrder
    wait_for_disk: bool = True


@dataclass(frozen=True, slots=True)
class FaceWakeAt:
    """Send a Tick at this monotonic time, for face alone."""

    mono_ms: int


@dataclass(frozen=True, slots=True)
class AnswerWitness:
    """Answer an inspector's one-time code (16 bytes) on the screen of an access point."""

    access_point: str
    nonce: bytes


Effect = (
    Record
    | Remember
    | Unlock
    | Relock
    | Indicate
    | TellGates
    | TellMove
    | InstallMode
    | Reply
    | WakeAt
    | TellFace
    | FaceWakeAt
    | AnswerWitness
)
