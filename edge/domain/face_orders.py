"""What the gate asks of its face worker and of the screen beside the button.

Nothing here is asked for without a reason in the state of the gate: a press arms, a verified lease
allows, a withdrawal erases. Holders are pseudonyms of 8 bytes; `..._utc_ms` are UTC, `..._mono_ms`
the gate's monotonic clock.
"""

from dataclasses import dataclass

from mqtt.contract.reasons import ReasonCode

__all__ = [
    "AllowFace",
    "ArmFace",
    "DisarmFace",
    "EnrolFace",
    "FaceOrder",
    "ListStoredFaces",
    "RevokeFace",
    "ShowNotice",
    "StopEnrolment",
]


@dataclass(frozen=True, slots=True)
class ArmFace:
    """Open the camera of an access point until the deadline; `presence_mono_ms` is the press."""

    access_point: str
    deadline_mono_ms: int
    presence_mono_ms: int


@dataclass(frozen=True, slots=True)
class DisarmFace:
    """Close the camera now; whatever it would have answered counts no more."""

    access_point: str


@dataclass(frozen=True, slots=True)
class AllowFace:
    """Let a person's reference be used until then; 0 stops its use and keeps it sealed."""

    holder: bytes
    until_utc_ms: int


@dataclass(frozen=True, slots=True)
class RevokeFace:
    """Stop using a person's reference and erase it; the worker's answer becomes the receipt."""

    holder: bytes


@dataclass(frozen=True, slots=True)
class EnrolFace:
    """Open the camera to enrol a person until the deadline, after a yes."""

    access_point: str
    holder: bytes
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class StopEnrolment:
    """Give up an enrolment; nothing of it is kept."""

    access_point: str


@dataclass(frozen=True, slots=True)
class ListStoredFaces:
    """Ask whose references lie in the worker's store."""


@dataclass(frozen=True, slots=True)
class ShowNotice:
    """Show the notice, and speak it where there is a speaker, with the question that follows it."""

    access_point: str
    zh: str
    en: str
    reason: ReasonCode = ReasonCode.CONSENT_ASKED


FaceOrder = (
    ArmFace
    | DisarmFace
    | AllowFace
    | RevokeFace
    | EnrolFace
    | StopEnrolment
    | ListStoredFaces
    | ShowNotice
)
