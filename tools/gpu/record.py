"""Hold what every part needs: the models, the outcome of a part, and timing."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge.workers.face.engine import EngineError
from edge.workers.face.manifest import ManifestError, ModelManifest, read_model
from edge.workers.face.models_manifests import manifests_folder, read_manifests

__all__ = ["ImpossibleError", "Models", "Outcome", "milliseconds", "need"]

State = Literal["ok", "failed", "impossible"]


class ImpossibleError(Exception):
    """Report that this machine lacks what a part needs, in the exact words that it used.

    ``facts`` is what was found out before.
    """

    def __init__(self, words: str, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(words)
        self.facts = dict(facts or {})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the result of one part."""

    part: str
    state: State
    facts: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> dict[str, object]:
        """Return it for one line of JSON."""
        return {"part": self.part, "state": self.state, **self.facts}


@dataclass(frozen=True, slots=True)
class Models:
    """Hold the default models that a folder has, by name, with their bytes."""

    folder: Path
    known: tuple[tuple[ModelManifest, bytes], ...]

    @classmethod
    def of(cls, folder: Path) -> "Models":
        """Read a folder; a model that is not there is left out."""
        known = []
        for manifest in read_manifests(manifests_folder(folder)):
            try:
                known.append((manifest, read_model(folder, manifest)))
            except ManifestError:
                continue
        return cls(folder, tuple((m, c) for m, c in known if m.kind in {"detect", "embed", "pad"}))


def need(condition: object, words: str) -> None:
    """Raise ``AssertionError`` with ``words`` unless ``condition``."""
    if not condition:
        raise AssertionError(words)


def milliseconds(run: Callable[[], object], count: int = 200) -> dict[str, float]:
    """Return p50, p95 and the most of ``count`` runs in ms, after ten that are not counted."""
    for _ in range(min(10, count)):
        run()
    times: list[float] = []
    for _ in range(count):
        begin_s = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin_s) * 1000)
    times.sort()
    return {
        "p50_ms": round(_at(times, 0.5), 3),
        "p95_ms": round(_at(times, 0.95), 3),
        "most_ms": round(times[-1], 3),
        "runs": count,
    }


def words_of(error: BaseException) -> str:
    """Return an error's words, TensorRT's own where there are any."""
    words = getattr(error, "words", "")
    if isinstance(error, EngineError):
        return f"{error}\n{words}".strip()
    return f"{type(error).__name__}: {error}"


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)]
