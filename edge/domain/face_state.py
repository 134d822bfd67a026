"""What changes at a gate about face, in one frozen value beside everything else.

No other way in reads any of it (promise 1): the door's rules do not see it, and
`tests/compliance/test_non_interference.py` plays every other way with and without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

import msgspec

from edge.domain.face_inputs import FaceCounts
from edge.domain.face_suspension import Watch
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Armed", "Dialogue", "Erasing", "FaceState", "Presenter", "Press", "Stage", "Worker"]


@dataclass(frozen=True, slots=True)
class Worker:
    """What the face worker last said of itself; `reason` is why it is off."""

    is_here: bool
    is_ready: bool
    reason: ReasonCode
    adapter_kind: AdapterKind
    has_pad: bool = False
    has_valve: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """The button is down since then; `is_used` once it was held long enough to erase."""

    since_mono_ms: int
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Armed:
    """The camera is open for an attempt that began with a press at `presence_mono_ms`."""

    presence_mono_ms: int
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class Presenter:
    """Who presented an own fob or pass here, and when; `is_new` until a question was considered."""

    holder: bytes
    credential: bytes
    mono_ms: int
    is_new: bool = True


class Stage(Enum):
    """How far the talk with a person who reserved an enrolment is."""

    ASKED = auto()
    ENROLLING = auto()
    WAITING = auto()


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The notice was shown to `holder`; without an answer it ends at `until_mono_ms`."""

    holder: bytes
    credential: bytes
    stage: Stage
    until_mono_ms: int


@dataclass(frozen=True, slots=True)
class Erasing:
    """Somebody erases at the gate; nothing is armed there before the receipt or the end."""

    holder: bytes
    until_mono_ms: int


class FaceState(msgspec.Struct, frozen=True):
    """Everything about face at one gate unit; by access point where not said otherwise.

    `worker` is None where no face worker is let in. By holder: `told` (until when the worker may
    use the reference, UTC ms), `erasing` (the note of the receipt that is due). `stored` are the
    holders with references, `pending` those whose lease is to be judged, `judged` what the last
    judgement stood on, `declined` (holder, end of the reservation) of those who said no, `receipts`
    the erasure requests that are done. `counts` are the worker's counters, `counted` those of its
    runs before.
    """

    worker: Worker | None = None
    told: Mapping[bytes, int] = msgspec.field(default_factory=dict)
    pending: tuple[bytes, ...] = ()
    judged: tuple[object, ...] = ()
    judged_mono_ms: int = 0
    stored: frozenset[bytes] = frozenset()
    erasing: Mapping[bytes, str] = msgspec.field(default_factory=dict)
    receipts: frozenset[bytes] = frozenset()
    declined: frozenset[tuple[bytes, int]] = frozenset()
    presses: Mapping[str, Press] = msgspec.field(default_factory=dict)
    presenters: Mapping[str, Presenter] = msgspec.field(default_factory=dict)
    armed: Mapping[str, Armed] = msgspec.field(default_factory=dict)
    dialogues: Mapping[str, Dialogue] = msgspec.field(default_factory=dict)
    erasures: Mapping[str, Erasing] = msgspec.field(default_factory=dict)
    watches: Mapping[str, Watch] = msgspec.field(default_factory=dict)
    suspended: Mapping[str, ReasonCode] = msgspec.field(default_factory=dict)
    looked_mono_ms: int = -1
    saved_mono_ms: int = 0
    pressed_count: int = 0
    counts: Mapping[str, FaceCounts] = msgspec.field(default_factory=dict)
    counted: Mapping[str, FaceCounts] = msgspec.field(default_factory=dict)
