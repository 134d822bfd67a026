"""Run the camera for one press of an enrolment, and seal the references when they are complete."""

from collections.abc import Callable

from edge.worker_wire import FaceEnrolEnded, FaceEnrolled, FaceEnrolProgress, Message
from edge.workers.face.analysis import wipe
from edge.workers.face.enrolment import Gathering
from edge.workers.face.references import ReferenceStore, StoreError
from edge.workers.face.references_live import Instant
from edge.workers.face.session import Eyes, SeenFrame

__all__ = ["EnrolSession"]

_LONGEST_ARMED_MS = 8000.0


class EnrolSession:
    """Gather frames until the enrolment is complete or the camera closes.

    ``is_over`` means that the camera is to close; ``is_done`` that the enrolment has ended, with
    references or without.
    """

    def __init__(
        self,
        eyes: Eyes,
        store: ReferenceStore,
        gathering: Gathering,
        begin: Instant,
        deadline_mono_ms: float,
    ) -> None:
        self.is_over = False
        self.is_done = False
        self.is_rejected = False
        self.has_succeeded = False
        self.gathering = gathering
        self.deadline_mono_ms = min(deadline_mono_ms, begin.mono_ms + _LONGEST_ARMED_MS)
        self._eyes = eyes
        self._store = store

    def turn(self, seen: SeenFrame | None, clock: Callable[[], Instant]) -> list[Message]:
        """Look at a frame, if there is one, and return what to tell."""
        if clock().mono_ms >= self.deadline_mono_ms:
            if seen is not None:
                wipe(seen.frame)
            self.is_over = True
            return [self.progress("waiting")]
        if seen is None:
            return []
        analysis = self._eyes.look(seen)
        hints = self._eyes.hints(analysis)
        if analysis.outcome == "attack":
            self.is_rejected = True
            return self.end("pad_failed")
        if analysis.embedding is None:
            return hints
        before = self.gathering.count
        if not self.gathering.take(analysis.embedding, seen.at_ms):
            return self.end("faces_differ")
        if self.gathering.is_complete:
            return [self.progress("open"), *self._seal()]
        return [self.progress("open")] if self.gathering.count > before else []

    def progress(self, camera: str) -> FaceEnrolProgress:
        """Return how far the enrolment is."""
        gathering = self.gathering
        return FaceEnrolProgress(
            self._eyes.lane,
            gathering.person,
            gathering.count,
            gathering.wanted,
            "open" if camera == "open" else "waiting",
        )

    def end(self, reason: str) -> list[Message]:
        """End without references and overwrite what is gathered."""
        self.is_over = self.is_done = True
        self.gathering.wipe()
        return [FaceEnrolEnded(self._eyes.lane, self.gathering.person, reason)]

    def fault(self, reason: str) -> list[Message]:
        """End because the camera or a network does not work."""
        return self.end(reason)

    def _seal(self) -> list[Message]:
        person, model = self.gathering.person, self._eyes.pipeline.model_sha256
        references = self.gathering.references()
        try:
            commitments = self._store.put(person, model, references)
        except (StoreError, OSError):
            return self.end("store_fault")
        finally:
            wipe(references)
        self.gathering.wipe()
        self.is_over = self.is_done = self.has_succeeded = True
        lane, count = self._eyes.lane, len(commitments)
        return [FaceEnrolled(lane, person, count, model, commitments)]
