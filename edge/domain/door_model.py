"""The door machine's facts, inputs and outputs.

Times are monotonic ms; `NEVER` stands for no time.
"""

from dataclasses import dataclass
from enum import StrEnum

from mqtt.contract.reasons import ReasonCode

__all__ = [
    "NEVER",
    "NO_END",
    "Closed",
    "DoorEvent",
    "DoorInput",
    "DoorOutput",
    "DoorPhase",
    "DoorState",
    "DriveLock",
    "Elapsed",
    "EndFree",
    "Exit",
    "Fire",
    "FireReset",
    "Free",
    "Grant",
    "LockReported",
    "Lockdown",
    "Opened",
    "Tamper",
    "TamperCleared",
    "WakeDoor",
    "held_free",
    "lock_open",
]

NEVER = -1
NO_END = 1 << 62
"""`until_ms` of a free period that only an EndFree ends."""


class DoorPhase(StrEnum):
    """What the door is doing, in one word, for pages and heartbeats."""

    SECURED = "secured"
    UNLOCKED = "unlocked"
    OPEN_OK = "open_ok"
    HELD_WARN = "held_warn"
    HELD_ALARM = "held_alarm"
    FORCED = "forced"
    FREE = "free"
    LOCKDOWN = "lockdown"
    FIRE = "fire"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class DoorState:
    """Everything known about one portal.

    `is_open` is None until the sensor was read, and stays None without a sensor.
    """

    phase: DoorPhase = DoorPhase.SECURED
    is_open: bool | None = None
    unlocked_until_ms: int = NEVER
    granted: bool = False
    keep_until_closed: bool = False
    asked_while_open: bool = False
    relock_due_ms: int = NEVER
    opened_ms: int = NEVER
    held_stage: int = 0
    forced: bool = False
    unexplained_since_ms: int = NEVER
    exit_ms: int = NEVER
    exit_pressed_ms: int = NEVER
    exit_stuck: bool = False
    fire: bool = False
    fire_input: bool = False
    free_until_ms: int = NEVER
    free_cause: ReasonCode = ReasonCode.SCHEDULED
    lockdown: bool = False
    tampered: bool = False
    reported_locked: bool | None = None
    lock_changed_ms: int = NEVER
    lock_fault: bool = False


def held_free(state: DoorState) -> bool:
    """Tell whether fire, a schedule or a hold-open keeps the lock open."""
    return state.fire or (state.free_until_ms != NEVER and not state.lockdown)


def lock_open(state: DoorState) -> bool:
    """Tell where the lock belongs now."""
    return held_free(state) or state.unlocked_until_ms != NEVER


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody may pass: unlock for `unlock_ms`."""

    unlock_ms: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The door position switch says open."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The door position switch says closed."""


@dataclass(frozen=True, slots=True)
class Exit:
    """The exit button went down or up."""

    pressed: bool


@dataclass(frozen=True, slots=True)
class Fire:
    """The fire input is active (a broken wire counts) or normal again."""

    active: bool


@dataclass(frozen=True, slots=True)
class FireReset:
    """The fire latch is reset by hand; without effect while the input is active."""


@dataclass(frozen=True, slots=True)
class Free:
    """Keep the door unlocked until `until_ms` for `cause` (a schedule or a hold-open)."""

    until_ms: int
    cause: ReasonCode


@dataclass(frozen=True, slots=True)
class EndFree:
    """End the free period."""


@dataclass(frozen=True, slots=True)
class Lockdown:
    """Lockdown begins or ends."""

    on: bool


@dataclass(frozen=True, slots=True)
class LockReported:
    """The lock's own contact reports its position."""

    is_locked: bool


@dataclass(frozen=True, slots=True)
class Tamper:
    """The housing was opened or closed; only opening matters, it latches."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class TamperCleared:
    """A guard cleared the tamper latch."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Only time passed."""


DoorInput = (
    Grant
    | Opened
    | Closed
    | Exit
    | Fire
    | FireReset
    | Free
    | EndFree
    | Lockdown
    | LockReported
    | Tamper
    | TamperCleared
    | Elapsed
)


@dataclass(frozen=True, slots=True)
class DriveLock:
    """Command the lock: open for `duration_ms` (0: until driven to rest), or to rest."""

    open: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """A transition to be recorded, with its reason.

    `caused_by_grant` links it to the last decision at this portal.
    """

    reason: ReasonCode
    caused_by_grant: bool = False


@dataclass(frozen=True, slots=True)
class WakeDoor:
    """Send Elapsed at this time."""

    mono_ms: int


DoorOutput = DriveLock | DoorEvent | WakeDoor
