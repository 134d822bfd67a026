"""Everything that changes at a gate unit, in one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from edge.domain.door_model import DoorState
from edge.domain.face_state import FaceState
from edge.domain.gate_memory import GateMemory
from edge.domain.model import Bearer
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["Due", "GateState", "Hold", "Passage", "Reads", "Sight", "Tap"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A granted attempt whose outcome is not known yet.

    `moved`: the lock was driven; `cause_seq` is -1 until the record's number is known, which is
    later where the disk is slow. At `until_mono_ms` it counts as not entered. `pass_use` is (pass
    id, number of the use) of a visitor's pass, `code` the tag of its text.
    """

    portal: str
    access_point: str
    method: Method
    bearer: Bearer
    until_mono_ms: int
    adapter_kind: AdapterKind
    pass_use: tuple[bytes, int] | None = None
    code: bytes = b""
    moved: bool = False
    cause_seq: int = -1
    intent_to_unlock_ms: int = -1


@dataclass(frozen=True, slots=True)
class Hold:
    """Staff keep a portal unlocked; `reason` is `hold_open` or `emergency_hold`."""

    until_mono_ms: int
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Due:
    """A reason, or the countersignature of an emergency hold, that staff still owe.

    `number` tells dues of one gate apart, over restarts too.
    """

    number: int
    actor: bytes
    access_point: str
    due_mono_ms: int
    countersign: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """A code that was in front of a camera: where, a tag of its text, and when it was last seen."""

    access_point: str
    code: bytes
    last_mono_ms: int


@dataclass(frozen=True, slots=True)
class Tap:
    """A guard's fob was granted here lately (for the double tap)."""

    access_point: str
    staff: bytes
    mono_ms: int


@dataclass(frozen=True, slots=True)
class Reads:
    """How many refusals of one way in an access point recorded since `since_mono_ms`."""

    since_mono_ms: int
    count: int


class GateState(msgspec.Struct, frozen=True):
    """State of one gate unit.

    By portal: `doors`, `wakes` (when a door wants time), `holds`, `lockdowns` (monotonic end),
    `hand_locked` and `first_person` (UTC ms when), `causes` (number of the newest decision there).
    `scheduled` are the portals whose free schedule is active, as of `minute` (UTC minute; -1 before
    the first look). `adapter_kind` is that of locks and contacts. A Struct, because it is replaced
    several times a step.
    """

    adapter_kind: AdapterKind = AdapterKind.SIMULATED
    doors: Mapping[str, DoorState] = msgspec.field(default_factory=dict)
    wakes: Mapping[str, int] = msgspec.field(default_factory=dict)
    memory: GateMemory = msgspec.field(default_factory=GateMemory)
    passages: tuple[Passage, ...] = ()
    causes: Mapping[str, int] = msgspec.field(default_factory=dict)
    holds: Mapping[str, Hold] = msgspec.field(default_factory=dict)
    lockdowns: Mapping[str, int] = msgspec.field(default_factory=dict)
    hand_locked: Mapping[str, int] = msgspec.field(default_factory=dict)
    first_person: Mapping[str, int] = msgspec.field(default_factory=dict)
    scheduled: frozenset[str] = frozenset()
    minute: int = -1
    rules_version: int = -1
    swept_mono_ms: int = 0
    dues: tuple[Due, ...] = ()
    due_count: int = 0
    sights: tuple[Sight, ...] = ()
    reads: Mapping[tuple[str, Method], Reads] = msgspec.field(default_factory=dict)
    tap: Tap | None = None
    calls: Mapping[str, int] = msgspec.field(default_factory=dict)
    ways: Mapping[tuple[str, Method], str] = msgspec.field(default_factory=dict)
    fire: bool = False
    fire_input: bool = False
    fire_line_fault: bool = False
    tampered: bool = False
    on_battery: bool = False
    face: FaceState = msgspec.field(default_factory=FaceState)
