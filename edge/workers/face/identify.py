"""Decide from the frames of one armed attempt who stands there, or why nobody is named.

Rules:

1. A frame names a person when the best score reaches the threshold and the best other person is at
   least the margin behind. Closer than that it is ambiguous: twins take another way in.
2. A person is identified by two frames that name them within 1.5 s, with nothing between that says
   otherwise. Frames of one attempt are correlated, so no lower error rate is claimed from it.
3. Frames with two faces, or ambiguous ones, refuse when they go on for 400 ms: a neighbour who
   walks past does not.
4. One failed PAD vote refuses: a passed one is no proof, a failed one is enough.
5. After eight compared frames that lead to nothing the person is unknown and refused, long before
   the camera closes: trying on does not help and every try is a chance for a stranger.
"""

from dataclasses import dataclass
from typing import Literal

from edge.workers.face.analysis import Outcome
from edge.workers.face.compare import Match

__all__ = ["Attempt", "AttemptSpec", "Reason", "Verdict", "seen_in"]

Reason = Literal["ok", "no_match", "ambiguous", "pad_failed", "no_face", "low_quality"]

# What a frame says instead of a person; a person's reference has no slash.
_NOBODY, _STRANGER, _AMBIGUOUS = "/nobody", "/stranger", "/ambiguous"
_NO_PERSON: dict[str, Reason] = {
    _NOBODY: "no_face", _STRANGER: "no_match", _AMBIGUOUS: "ambiguous",
}  # fmt: skip
_ORDER: tuple[Reason, ...] = ("no_face", "low_quality", "no_match", "ambiguous")


@dataclass(frozen=True, slots=True)
class AttemptSpec:
    """Hold the limits of one attempt."""

    agree_ms: int = 1500
    ambiguous_ms: int = 400
    most_compared: int = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """End an attempt: a person and ``ok``, or nobody and why."""

    person: str | None
    reason: Reason


class Attempt:
    """Gather what the frames of one armed attempt say. Times are monotonic ms."""

    def __init__(self, spec: AttemptSpec | None = None) -> None:
        self.compared = 0
        self.unknown = 0
        self._spec = spec or AttemptSpec()
        self._before: tuple[str, float] = ("", 0.0)
        self._since_ms = 0.0
        self._worst: Reason = "no_face"

    def frame(self, outcome: Outcome, whom: str | None, at_ms: float) -> Verdict | None:
        """Take in one frame and return the end, if this is it.

        ``whom`` is what ``seen_in`` made of a frame with the outcome ``face``, None for others.
        """
        if outcome == "attack":
            return Verdict(None, "pad_failed")
        if outcome == "poor":
            self._worst = _clearer(self._worst, "low_quality")
            return None
        said: str = _NOBODY if outcome == "no_face" else _AMBIGUOUS
        if whom is not None:
            self.compared += 1
            said = whom
            self.unknown += whom == _STRANGER
        has_agreed = said == self._before[0] and at_ms - self._before[1] <= self._spec.agree_ms
        self._before = (said, at_ms)
        self._since_ms = self._since_ms if has_agreed else at_ms
        if has_agreed and said not in _NO_PERSON:
            return Verdict(said, "ok")
        if said == _AMBIGUOUS and at_ms - self._since_ms >= self._spec.ambiguous_ms:
            return Verdict(None, "ambiguous")
        self._worst = _clearer(self._worst, _NO_PERSON.get(said, "no_match"))
        if self.compared >= self._spec.most_compared:
            return Verdict(None, self._worst)
        return None

    def expired(self) -> Verdict:
        """End the attempt because its time is over: say the most useful thing that was seen."""
        return Verdict(None, self._worst)


def seen_in(match: Match, threshold: float, margin: float) -> str:
    """Return the person whom ``match`` names, or a word that is no person's reference."""
    if match.person is None or not match.score >= threshold:
        return _STRANGER
    if match.score - match.second < margin:
        return _AMBIGUOUS
    return match.person


def _clearer(before: Reason, now: Reason) -> Reason:
    """Return the reason that tells the person more."""
    return max(before, now, key=_ORDER.index)
