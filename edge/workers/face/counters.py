"""Count what the face worker did, by what caused it; the daemon signs the counts (promise 2)."""

from dataclasses import dataclass, field
from typing import Literal

from edge.worker_wire import FaceCounters
from edge.workers.face.analysis import Inferences

__all__ = ["Cause", "Counters"]

Cause = Literal["entry", "enrolment", "self_test"]
_CAUSES: tuple[Cause, ...] = ("entry", "enrolment", "self_test")


@dataclass(slots=True)
class _Count:
    armed: int = 0
    frames: int = 0
    unknown: int = 0
    ran: Inferences = field(default_factory=Inferences)


class Counters:
    """Count since the start of the process; nothing ever takes a count back."""

    def __init__(self) -> None:
        self._counts: dict[Cause, _Count] = {cause: _Count() for cause in _CAUSES}

    def armed(self, cause: Cause) -> None:
        """Count an opening of the camera."""
        self._counts[cause].armed += 1

    def frame(self, cause: Cause) -> None:
        """Count a frame that is about to be looked at."""
        self._counts[cause].frames += 1

    def ran(self, cause: Cause, inferences: Inferences) -> None:
        """Count runs of networks."""
        self._counts[cause].ran += inferences

    def unknown(self) -> None:
        """Count a probe that was compared, matched nobody and was dropped."""
        self._counts["entry"].unknown += 1

    def reports(self) -> tuple[FaceCounters, ...]:
        """Return one report for each cause."""
        return tuple(
            FaceCounters(
                cause,
                count.armed,
                count.frames,
                count.ran.detections,
                count.ran.pad_votes,
                count.ran.embeddings,
                count.unknown,
            )
            for cause, count in self._counts.items()
        )
