"""Say what one frame showed: the seam between the networks and everything that judges people.

The pipeline turns a frame into an ``Analysis`` and forgets the frame. Rules for every pipeline;
``tests/contract`` runs them on each:

1. Detect first; of several faces only the nearest is looked at, and a second one that is nearly as
   near makes the outcome ``two_faces``. Bystanders are never embedded.
2. Quality before PAD, PAD before the embedding: an outcome other than ``face`` has no embedding.
3. ``ran`` counts every inference that this frame cost, also when the outcome is a refusal.
4. The embedding is a fresh float32 array of unit length that the caller owns and overwrites.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Analysis", "Box", "Embedding", "FacePipeline", "Frame", "Hint", "Inferences", "Outcome",
    "SelfTestReport", "wipe",
]  # fmt: skip

Frame = npt.NDArray[np.uint8]
"""A picture as height x width x BGR, 0-255."""
Embedding = npt.NDArray[np.float32]
"""One unit vector, or several as rows."""

Outcome = Literal["face", "no_face", "two_faces", "poor", "attack"]
Hint = Literal[
    "come_closer", "step_back", "hold_still", "look_here", "more_light", "less_light",
    "uncover_face", "one_person",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """Hold where the nearest face is, in pixels of the frame."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Inferences:
    """Count runs of networks by kind."""

    detections: int = 0
    pad_votes: int = 0
    embeddings: int = 0

    def __add__(self, other: "Inferences") -> "Inferences":
        return Inferences(
            self.detections + other.detections,
            self.pad_votes + other.pad_votes,
            self.embeddings + other.embeddings,
        )

    @property
    def total(self) -> int:
        """Return how many networks ran."""
        return self.detections + self.pad_votes + self.embeddings


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Analysis:
    """Hold what one frame showed; ``embedding`` is there only for the outcome ``face``.

    ``pad`` tells whether the PAD votes passed, None where none was cast (an earlier refusal, or no
    PAD files). ``hints`` tell the person what to do, the most useful first. ``box`` is that of the
    nearest face, None without one.
    """

    outcome: Outcome
    embedding: Embedding | None = None
    pad: bool | None = None
    hints: tuple[Hint, ...] = ()
    box: Box | None = None
    ran: Inferences = Inferences()

    def __repr__(self) -> str:
        """Leave the embedding and the box out: a log line may repeat this."""
        return f"Analysis({self.outcome})"


@dataclass(frozen=True, slots=True)
class SelfTestReport:
    """Tell whether known answers came out; ``failed`` is a stable code, empty when all did."""

    failed: str
    ran: Inferences

    @property
    def passes(self) -> bool:
        """Tell whether face may be armed at all."""
        return not self.failed


class FacePipeline(Protocol):
    """Look at frames with one set of models."""

    @property
    def model_sha256(self) -> str:
        """Return the hash of the embedding model: 64 hexadecimal digits."""

    @property
    def embedding_length(self) -> int:
        """Return how many numbers an embedding has."""

    @property
    def has_pad(self) -> bool:
        """Tell whether PAD votes are cast."""

    def self_test(self) -> SelfTestReport:
        """Run the known answers; raises nothing: an error of an engine is a failed test."""

    def analyse(self, frame_bgr: Frame) -> Analysis:
        """Say what the frame shows; raises ``EngineError`` when a network fails."""

    def for_enrolment(self) -> "FacePipeline":
        """Return a pipeline on the same networks that asks for better frames, for references."""

    def close(self) -> None:
        """Let go of the networks."""


def wipe(buffer: npt.NDArray[np.generic] | None) -> None:
    """Overwrite an array of face data: Python's own memory keeps what nobody overwrites."""
    if buffer is not None and buffer.flags.writeable:
        buffer.fill(0)
