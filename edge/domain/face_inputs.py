"""What the face button and the face worker tell the gate; each with the Moment it was sensed.

An answer of the worker names an outcome, a person's pseudonym or none, and a reason (promise 3).
The person whom it identified comes in as an access attempt like any other.
"""

from dataclasses import dataclass

from edge.domain.model import Moment
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "FaceButton",
    "FaceCalibrated",
    "FaceCounted",
    "FaceCounts",
    "FaceEnrolEnded",
    "FaceEnrolWaits",
    "FaceEnrolled",
    "FaceErased",
    "FaceHinted",
    "FaceInput",
    "FaceStored",
    "FaceWorker",
    "KeyPressed",
]


@dataclass(frozen=True, slots=True)
class FaceButton:
    """The face button of an access point went down (`pressed`) or up."""

    at: Moment
    access_point: str
    pressed: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """Any key was pressed at an access point: which one stays with the PIN."""

    at: Moment
    access_point: str
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceWorker:
    """The face worker came, went, or says whether it can be armed.

    `reason` says why it is off; `is_new` marks a connection in which nobody is allowed yet;
    `has_pad` tells whether it votes on presentation attacks, `has_valve` whether a sensor runs
    behind a closed valve between attempts.
    """

    at: Moment
    is_here: bool
    is_ready: bool
    reason: ReasonCode
    adapter_kind: AdapterKind
    is_new: bool = False
    has_pad: bool = False
    has_valve: bool = False


@dataclass(frozen=True, slots=True)
class FaceHinted:
    """What the person at the camera should do, as a reason whose text the screen shows."""

    at: Moment
    access_point: str
    reason: ReasonCode
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceEnrolWaits:
    """The camera has closed before enough frames were taken: another press continues."""

    at: Moment
    access_point: str
    holder: bytes
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceEnrolled:
    """A person's references are sealed; `digest` is that of their commitments, in hex."""

    at: Moment
    access_point: str
    holder: bytes
    references: int
    digest: str
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceEnrolEnded:
    """An enrolment ended without references; `word` is the worker's own, for the record."""

    at: Moment
    access_point: str
    holder: bytes
    word: str
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceErased:
    """The references of a person are gone from the worker's store."""

    at: Moment
    holder: bytes
    references: int
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceStored:
    """Whose references are stored; `is_last` ends the list."""

    at: Moment
    holders: tuple[bytes, ...]
    is_last: bool
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """Face activity of one cause since the worker's start."""

    armed: int = 0
    frames: int = 0
    detections: int = 0
    pad_votes: int = 0
    embeddings: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class FaceCounted:
    """Counters of one cause: `entry`, `enrolment` or `self_test`."""

    at: Moment
    cause: str
    counts: FaceCounts
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class FaceCalibrated:
    """The threshold was calibrated among at least 10 people; `note` holds the aggregates."""

    at: Moment
    note: str
    adapter_kind: AdapterKind


FaceInput = (
    FaceButton
    | KeyPressed
    | FaceWorker
    | FaceHinted
    | FaceEnrolWaits
    | FaceEnrolled
    | FaceEnrolEnded
    | FaceErased
    | FaceStored
    | FaceCounted
    | FaceCalibrated
)
