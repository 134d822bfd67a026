"""Run one armed attempt: look at frames until somebody is named, refused, or the time is over."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.worker_wire import FaceHint, FaceResult, Message
from edge.workers.face.analysis import Analysis, FacePipeline, Frame, wipe
from edge.workers.face.counters import Cause, Counters
from edge.workers.face.identify import Attempt, Verdict
from edge.workers.face.references_live import Instant, LiveReferences

__all__ = ["EntrySession", "Eyes", "SeenFrame"]

_LONGEST_ARMED_MS = 8000.0


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """Hand a frame and its monotonic ms to a session, which overwrites it."""

    frame: Frame
    at_ms: float


@dataclass(slots=True)
class Eyes:
    """Look at frames for one cause and count it; hints go out when they change."""

    lane: str
    cause: Cause
    pipeline: FacePipeline
    counters: Counters
    told_hint: str = ""

    def look(self, seen: SeenFrame) -> Analysis:
        """Return what a frame shows and overwrite the frame."""
        self.counters.frame(self.cause)
        try:
            analysis = self.pipeline.analyse(seen.frame)
        finally:
            wipe(seen.frame)
        self.counters.ran(self.cause, analysis.ran)
        return analysis

    def hints(self, analysis: Analysis) -> list[Message]:
        """Return the hint for the screen, once each time that it changes."""
        hint = analysis.hints[0] if analysis.hints else ""
        is_news = bool(hint) and hint != self.told_hint
        self.told_hint = hint or self.told_hint
        return [FaceHint(self.lane, hint)] if is_news else []


class EntrySession:
    """Identify whoever stands at the camera of a lane; ``rejected`` tells whether a PAD vote did.

    ``deadline_mono_ms`` is never more than 8 s ahead, whatever was asked for.
    """

    def __init__(
        self, eyes: Eyes, live: LiveReferences, begin: Instant, deadline_mono_ms: float
    ) -> None:
        self.is_over = False
        self.is_rejected = False
        self.has_succeeded = False
        self.deadline_mono_ms = min(deadline_mono_ms, begin.mono_ms + _LONGEST_ARMED_MS)
        self._eyes = eyes
        self._live = live
        self._attempt = Attempt()
        self._among: frozenset[str] | None = None

    def narrow(self, people: tuple[str, ...]) -> None:
        """Compare with these people only, from now on."""
        self._among = frozenset(people)

    def turn(self, seen: SeenFrame | None, clock: Callable[[], Instant]) -> list[Message]:
        """Look at a frame, if there is one, and return what to tell."""
        now = clock()
        if now.mono_ms >= self.deadline_mono_ms:
            if seen is not None:
                wipe(seen.frame)
            return self._end(self._attempt.expired(), now)
        if seen is None:
            return []
        analysis = self._eyes.look(seen)
        whom = None
        if analysis.embedding is not None:
            whom = self._live.look(analysis.embedding, self._among)
            wipe(analysis.embedding)
        verdict = self._attempt.frame(analysis.outcome, whom, seen.at_ms)
        # The clock again: a lease may have ended, or the time, while the networks ran.
        now = clock()
        if verdict is None and now.mono_ms >= self.deadline_mono_ms:
            verdict = self._attempt.expired()
        return self._eyes.hints(analysis) + ([] if verdict is None else self._end(verdict, now))

    def fault(self, reason: str) -> list[Message]:
        """End because the camera or a network does not work."""
        self.is_over = True
        return [FaceResult(self._eyes.lane, "refused", None, reason)]

    def _end(self, verdict: Verdict, now: Instant) -> list[Message]:
        self.is_over = True
        self.is_rejected = verdict.reason == "pad_failed"
        lane, person = self._eyes.lane, verdict.person
        if person is not None and self._live.is_live(person, now):
            self.has_succeeded = True
            return [FaceResult(lane, "identified", person, "ok")]
        for _ in range(self._attempt.unknown):
            self._eyes.counters.unknown()
        reason = verdict.reason if person is None else "no_match"
        return [FaceResult(lane, "refused", None, reason)]
