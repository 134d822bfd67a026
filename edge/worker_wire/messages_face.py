"""Hold what the daemon and the face worker say to each other.

``FaceCommand`` is what the daemon says, ``FaceReport`` what the worker answers. Of a person at the
camera an answer names the outcome, a person reference or none, and a reason; never a score, a
picture or an embedding (promise 3).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.worker_wire.fields import Digest, Lane, Name, Person

__all__ = [
    "FaceAllow", "FaceArm", "FaceCalibration", "FaceCommand", "FaceCounters", "FaceDisarm",
    "FaceEnrol", "FaceEnrolEnded", "FaceEnrolProgress", "FaceEnrolStop", "FaceEnrolled",
    "FaceEraseAll", "FaceErased", "FaceHint", "FaceListStored", "FaceNarrow", "FaceReport",
    "FaceResult", "FaceRevoke", "FaceState", "FaceStored",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaceArm:
    """Open the face camera of a lane until the deadline, 8 s ahead at most; only a press does."""

    lane: Lane
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class FaceNarrow:
    """Compare the armed attempt of a lane with these people only: the claim of a room number."""

    lane: Lane
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class FaceDisarm:
    """Close the face camera of a lane now, whatever it is doing; nothing is answered."""

    lane: Lane


@dataclass(frozen=True, slots=True)
class FaceAllow:
    """Let a reference be used until an instant: a consent lease that the daemon has verified."""

    person: Person
    until_utc_ms: int


@dataclass(frozen=True, slots=True)
class FaceRevoke:
    """Stop using a reference and erase it; ``FaceErased`` answers, also where there was none."""

    person: Person


@dataclass(frozen=True, slots=True)
class FaceEraseAll:
    """Erase everybody's references: face ends at this gate. One ``FaceErased`` for each person."""


@dataclass(frozen=True, slots=True)
class FaceListStored:
    """Ask whose references are stored, to hold them against the consents that stand."""


@dataclass(frozen=True, slots=True)
class FaceEnrol:
    """Open the camera to enrol a person until the deadline, 8 s ahead at most.

    The daemon sends it only after the person's own fob or pass, the notice and a yes, which is a
    press. The next press continues the same enrolment with the frames that it has.
    """

    lane: Lane
    person: Person
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class FaceEnrolStop:
    """Give up the enrolment of a lane; ``FaceEnrolEnded`` answers, and nothing of it is kept."""

    lane: Lane


@dataclass(frozen=True, slots=True)
class FaceState:
    """Report whether face can be armed, and what is stored: at the start and after each change.

    ``code`` is ``ok`` in the state ``ready`` and says why face is off in the others. ``unusable``
    counts people whose references belong to another model: they have to enrol again. ``live``
    counts those with a lease now. ``model`` is the hash of the embedding model. ``standby`` says
    what the sensors do between attempts: the worst of all lanes.
    """

    state: Literal["ready", "off"]
    code: Name
    model: Digest | None
    pad: Literal["voting", "absent"]
    key_store: Literal["file", "tpm2", "memory"]
    enrolled: int
    live: int
    unusable: int
    standby: Literal["closed", "valve"] = "closed"


@dataclass(frozen=True, slots=True)
class FaceResult:
    """Answer one armed attempt: nothing but outcome, person reference or none, and reason."""

    lane: Lane
    outcome: Literal["identified", "refused"]
    person: Person | None
    reason: Name


@dataclass(frozen=True, slots=True)
class FaceHint:
    """Tell the person at the camera what to do, as a code that the gate screen words."""

    lane: Lane
    code: Name


@dataclass(frozen=True, slots=True)
class FaceEnrolProgress:
    """Report how many of the ``wanted`` frames are taken; ``waiting`` needs another press."""

    lane: Lane
    person: Person
    frames: int
    wanted: int
    camera: Literal["open", "waiting"]


@dataclass(frozen=True, slots=True)
class FaceEnrolled:
    """Report that a person's references are sealed, bound to a model by its hash.

    A commitment is the SHA-256 of one sealed record: it tells nothing of the face, and the receipt
    of its erasure repeats it.
    """

    lane: Lane
    person: Person
    references: int
    model: Digest
    commitments: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class FaceEnrolEnded:
    """Report that an enrolment ended without references; what was stored before it stays."""

    lane: Lane
    person: Person
    reason: Name


@dataclass(frozen=True, slots=True)
class FaceErased:
    """Report that the references of a person are gone; the daemon signs the receipt."""

    person: Person
    references: int
    commitments: tuple[Digest, ...]
    erased_utc_ms: int


@dataclass(frozen=True, slots=True)
class FaceStored:
    """Name people whose references are stored; ``more`` counts those in the messages to come."""

    people: tuple[Person, ...]
    more: int


@dataclass(frozen=True, slots=True)
class FaceCounters:
    """Report face activity since the start, by what caused it.

    ``armed`` counts openings of the camera, ``unknown`` the probes that were compared, matched
    nobody and were dropped. The self-test runs with the camera closed.
    """

    cause: Literal["entry", "enrolment", "self_test"]
    armed: int
    frames: int
    detections: int
    pad_votes: int
    embeddings: int
    unknown: int


@dataclass(frozen=True, slots=True)
class FaceCalibration:
    """Report how the threshold came about, as aggregates over at least 10 people.

    ``..._e4`` are cosines in ten-thousandths, ``..._ppm`` shares in millionths. ``doubled`` counts
    people who seem to be enrolled twice. Quantiles are those of each person's best score against
    all others, None where fewer than 10 people lie beyond them. ``mean`` is the hash of the site
    mean, None without centring; ``expected_fpir_ppm`` is None where so few cannot resolve it.
    """

    model: Digest
    people: int
    references: int
    doubled: int
    method: Literal["raw", "centred"]
    mean: Digest | None
    floor_e4: int
    threshold_e4: int
    target_fpir_ppm: int
    expected_fpir_ppm: int | None
    strangers_mean_e4: int
    median_e4: int | None
    quantile_90_e4: int | None
    quantile_99_e4: int | None


FaceCommand: TypeAlias = (
    FaceArm | FaceNarrow | FaceDisarm | FaceAllow | FaceRevoke | FaceEraseAll | FaceListStored
    | FaceEnrol | FaceEnrolStop
)  # fmt: skip
FaceReport: TypeAlias = (
    FaceState | FaceResult | FaceHint | FaceEnrolProgress | FaceEnrolled | FaceEnrolEnded
    | FaceErased | FaceStored | FaceCounters | FaceCalibration
)  # fmt: skip
