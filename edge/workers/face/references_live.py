"""Hold the references that may be used now: stored, of this model, and under a consent lease.

A reference is unsealed only while its person's lease runs, and only into the gallery. Who has no
live lease is not in the gallery, so no score of theirs is ever computed (acceptance case J01).
Leases are kept in memory only: after a restart nobody can be found until the daemon has said so
again. A lease ends by UTC or by the monotonic clock, whichever says so first, so setting the clock
back prolongs nothing; none is taken for longer than 24 h (promise 4).
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from edge.workers.face.analysis import Embedding, wipe
from edge.workers.face.calibrate import Calibration, CalibrationSpec, calibrate
from edge.workers.face.compare import Gallery
from edge.workers.face.identify import seen_in
from edge.workers.face.references import ReferenceStore, StoreError

__all__ = ["Clock", "Instant", "LiveReferences"]

_log = logging.getLogger(__name__)
_LONGEST_LEASE_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Instant:
    """Hold one moment on both clocks of the machine, in ms."""

    mono_ms: float
    utc_ms: float


Clock = Callable[[], Instant]


class LiveReferences:
    """Know whose references may be used at an instant, and keep them ready for comparison."""

    def __init__(
        self, store: ReferenceStore, model: str, spec: CalibrationSpec | None = None
    ) -> None:
        self.calibration: Calibration | None = None
        self.is_stale = False
        self._store = store
        self._model = model
        self._spec = spec
        self._gallery = Gallery((), ())
        self._leases: dict[str, Instant] = {}

    def allow(self, person: str, until_utc_ms: int, now: Instant) -> None:
        """Let a person's reference be used until an instant; a later call replaces an earlier."""
        left_ms = min(until_utc_ms - now.utc_ms, _LONGEST_LEASE_MS)
        if left_ms <= 0:
            self.forbid(person)
            return
        self._leases[person] = Instant(now.mono_ms + left_ms, now.utc_ms + left_ms)
        if person not in self._gallery.people and self._is_usable(person):
            self.is_stale = True

    def forbid(self, person: str) -> None:
        """Stop using a person's reference now; what is open of it is overwritten."""
        self._leases.pop(person, None)
        if person in self._gallery.people:
            self._forget()

    def stored(self, person: str) -> None:
        """Take note that a person's references were replaced."""
        if person in self._gallery.people:
            self._forget()
        self.is_stale = True

    def lapse(self, now: Instant) -> None:
        """Drop the leases that have ended."""
        for person in [p for p in self._leases if not self.is_live(p, now)]:
            self.forbid(person)

    def is_live(self, person: str, now: Instant) -> bool:
        """Tell whether a person's lease runs, by both clocks."""
        until = self._leases.get(person)
        return until is not None and now.mono_ms < until.mono_ms and now.utc_ms < until.utc_ms

    def count_live(self) -> int:
        """Return how many people have a lease and a usable reference."""
        return sum(self._is_usable(person) for person in self._leases)

    def refresh(self, now: Instant) -> None:
        """Open the references of everybody with a lease and calibrate, where anything changed."""
        self.lapse(now)
        if not self.is_stale:
            return
        self._forget()
        people, references = self._opened()
        self.calibration = calibrate(references, self._spec)
        self._gallery = Gallery(people, references, self.calibration.mean)
        for rows in references:
            wipe(rows)
        self.is_stale = False

    @property
    def people(self) -> tuple[str, ...]:
        """Return who can be found now."""
        return self._gallery.people

    def look(self, probe: Embedding, among: Collection[str] | None = None) -> str:
        """Return what ``identify.seen_in`` makes of a probe, among all people or those named."""
        point = self.calibration
        hidden = None if among is None else self._gallery.hiding(among)
        match = self._gallery.best_two(probe, hidden)
        return seen_in(match, point.threshold if point else 2.0, point.margin if point else 2.0)

    def close(self) -> None:
        """Overwrite everything that is open."""
        self._leases.clear()
        self._forget()

    def _forget(self) -> None:
        self._gallery.wipe()
        self._gallery = Gallery((), ())
        self.calibration = None
        self.is_stale = True

    def _is_usable(self, person: str) -> bool:
        return not self._store.fault and self._store.model_of(person) == self._model

    def _opened(self) -> tuple[list[str], list[Embedding]]:
        people, references = [], []
        for person in sorted(self._leases):
            if not self._is_usable(person):
                continue
            try:
                references.append(self._store.unseal(person, self._model))
            except StoreError as error:
                _log.error("references_unusable", extra={"code": error.code})
                continue
            people.append(person)
        return people, references
