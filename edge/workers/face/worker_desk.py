"""Hold what all lanes share: models, references, leases and counts; answer what concerns people."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from edge.worker_wire import (
    FaceAllow,
    FaceCalibration,
    FaceEraseAll,
    FaceErased,
    FaceListStored,
    FaceRevoke,
    FaceState,
    FaceStored,
    Message,
)
from edge.workers.face.analysis import FacePipeline
from edge.workers.face.calibrate import Calibration
from edge.workers.face.camera_port import Standby
from edge.workers.face.counters import Counters
from edge.workers.face.keys import KeyCabinet
from edge.workers.face.references import ErasedReferences, ReferenceStore
from edge.workers.face.references_live import Clock, LiveReferences

__all__ = ["FaceDesk", "FaceModelsState", "calibration_report"]

_log = logging.getLogger(__name__)
_PEOPLE_A_MESSAGE = 100
# Aggregates over fewer people would be about single ones.
_FEWEST_REPORTED = 10


@dataclass(frozen=True, slots=True)
class FaceModelsState:
    """Hold the pipeline, None where there is none, and why face is off, empty where it is not."""

    pipeline: FacePipeline | None
    off_code: str


class FaceDesk:
    """Know whether face may be armed, and carry out what the daemon says about people."""

    def __init__(
        self,
        models: FaceModelsState,
        store: ReferenceStore,
        cabinet: KeyCabinet,
        clock: Clock,
    ) -> None:
        self.pipeline = models.pipeline
        self.store = store
        self.clock = clock
        self.counters = Counters()
        self.standby: Standby = "closed"
        model = models.pipeline.model_sha256 if models.pipeline else ""
        self.live = LiveReferences(store, model)
        self._off_code = models.off_code
        self._cabinet = cabinet
        self._told_state: FaceState | None = None
        self._told_calibration: Calibration | None = None

    @property
    def off_code(self) -> str:
        """Return why no camera may be opened now, empty when one may."""
        if self._off_code or self.store.fault:
            return self._off_code or self.store.fault
        point = self.live.calibration
        return "references_alike" if point is not None and point.is_alike else ""

    def obey(self, command: Message) -> list[Message] | None:
        """Carry out a command about people and return the answers; None for other commands."""
        now = self.clock()
        if isinstance(command, FaceAllow):
            self.live.allow(command.person, command.until_utc_ms, now)
        elif isinstance(command, FaceRevoke):
            self.live.forbid(command.person)
            return [self._erased(self.store.erase(command.person))]
        elif isinstance(command, FaceEraseAll):
            self.live.close()
            return [self._erased(one) for one in self.store.erase_all()]
        elif isinstance(command, FaceListStored):
            return list(self._stored())
        else:
            return None
        return []

    def refresh(self) -> list[Message]:
        """End what has lapsed, calibrate where people changed, and return what is news of it."""
        self.live.refresh(self.clock())
        messages: list[Message] = []
        point = self.live.calibration
        if point is not None and point is not self._told_calibration and self.pipeline:
            self._told_calibration = point
            if point.people >= _FEWEST_REPORTED:
                messages.append(calibration_report(point, self.pipeline.model_sha256))
        state = self.state()
        if state != self._told_state:
            self._told_state = state
            messages.append(state)
        return messages

    def state(self) -> FaceState:
        """Say whether face can be armed and what is stored."""
        people = self.store.people
        model = self.pipeline.model_sha256 if self.pipeline else None
        usable = sum(model is not None and self.store.model_of(p) == model for p in people)
        has_pad = self.pipeline is not None and self.pipeline.has_pad
        return FaceState(
            "off" if self.off_code else "ready",
            self.off_code or "ok",
            model,
            "voting" if has_pad else "absent",
            self._cabinet.kind,
            len(people),
            self.live.count_live() if model else 0,
            len(people) - usable,
            self.standby,
        )

    def forget_told(self) -> None:
        """Begin anew with a daemon that has just connected: nobody is allowed, nothing is told."""
        self.live.close()
        self._told_state = self._told_calibration = None

    def _erased(self, erased: ErasedReferences) -> Message:
        _log.info("references_erased", extra={"references": erased.references})
        at_ms = int(self.clock().utc_ms)
        return FaceErased(erased.person, erased.references, erased.commitments, at_ms)

    def _stored(self) -> Sequence[Message]:
        people = self.store.people
        begins = range(0, max(len(people), 1), _PEOPLE_A_MESSAGE)
        parts = [people[begin : begin + _PEOPLE_A_MESSAGE] for begin in begins]
        left = [len(people) - begin - len(part) for begin, part in zip(begins, parts, strict=True)]
        return [FaceStored(part, more) for part, more in zip(parts, left, strict=True)]


def calibration_report(point: Calibration, model: str) -> FaceCalibration:
    """Return the aggregates of a calibration of at least 10 people, for the daemon to sign."""
    expected = point.expected_fpir
    return FaceCalibration(
        model,
        point.people,
        point.references,
        point.doubled,
        "raw" if point.mean is None else "centred",
        point.mean_sha256,
        round(point.floor * 10_000),
        round(point.threshold * 10_000),
        round(point.target_fpir * 1_000_000),
        None if expected is None else round(expected * 1_000_000),
        max(0, round(point.strangers_mean * 10_000)),
        _e4(point.quantile(0.5)),
        _e4(point.quantile(0.9)),
        _e4(point.quantile(0.99)),
    )


def _e4(cosine: float | None) -> int | None:
    return None if cosine is None else max(0, round(cosine * 10_000))
