"""Report what was measured: one JSON line a figure."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import msgspec

__all__ = ["Desk", "Figure", "at_least", "at_most", "p50", "p95", "p99", "quantile"]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value; `n` is how many samples it stands on.

    `target` is text, `ok` None where there is no target; `baseline` is what was measured between
    the samples in the same run, in the same unit, and `ratio` is value by baseline.
    """

    bench: str
    what: str
    value: float
    unit: str
    n: int
    target: str = ""
    ok: bool | None = None
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A limit that a value keeps or misses; `factor` makes it relative to the baseline.

    With both, keeping either is enough.
    """

    limit: float | None
    factor: float | None
    upper: bool

    def judge(self, value: float, baseline: float | None) -> bool:
        """Tell whether `value` keeps the limit."""
        limits = [] if self.limit is None else [self.limit]
        if self.factor is not None and baseline is not None:
            limits.append(self.factor * baseline)
        return any(value <= limit if self.upper else value >= limit for limit in limits)

    def text(self, unit: str) -> str:
        """Return the limit in words."""
        sign = "<=" if self.upper else ">="
        parts = [] if self.limit is None else [f"{sign} {self.limit:g} {unit}"]
        if self.factor is not None:
            parts.append(f"{sign} {self.factor:g} x baseline")
        return " or ".join(parts)


def at_most(limit: float | None = None, *, factor: float | None = None) -> Target:
    """Ask for a value of `limit`, or of `factor` times the baseline, or less."""
    return Target(limit, factor, upper=True)


def at_least(limit: float | None = None, *, factor: float | None = None) -> Target:
    """Ask for a value of `limit`, or of `factor` times the baseline, or more."""
    return Target(limit, factor, upper=False)


class Desk:
    """What a benchmark works with: a folder on the disk that is measured, and where to report."""

    def __init__(self, bench: str, folder: Path, *, is_quick: bool) -> None:
        self.bench = bench
        self.folder = folder
        self.is_quick = is_quick
        self._began_s = perf_counter()

    def size(self, full: int, quick: int) -> int:
        """Return how many samples to take."""
        return quick if self.is_quick else full

    def say(self, text: str) -> None:
        """Tell on stderr what is going on."""
        print(f"[{perf_counter() - self._began_s:6.1f} s] {self.bench}: {text}", file=sys.stderr)

    def report(
        self,
        what: str,
        value: float,
        unit: str,
        n: int,
        *,
        target: Target | None = None,
        baseline: float | None = None,
        note: str = "",
    ) -> Figure:
        """Print one figure and return it."""
        figure = Figure(
            bench=self.bench,
            what=what,
            value=_rounded(value),
            unit=unit,
            n=n,
            target="" if target is None else target.text(unit),
            ok=None if target is None else target.judge(value, baseline),
            baseline=None if baseline is None else _rounded(baseline),
            ratio=_rounded(value / baseline) if baseline else None,
            note=note,
        )
        sys.stdout.write(msgspec.json.encode(figure).decode() + "\n")
        sys.stdout.flush()
        return figure


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that `share` of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def p50(samples: Sequence[float]) -> float:
    """Return the median."""
    return quantile(samples, 0.50)


def p95(samples: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return quantile(samples, 0.95)


def p99(samples: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return quantile(samples, 0.99)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
