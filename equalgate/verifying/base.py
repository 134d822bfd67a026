"""Say what a bundle turned out to be: notes for people, and the error that ends one check."""

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["BrokenError", "Findings", "LogSummary", "Verdict"]


class Verdict(Enum):
    """The whole answer about a bundle; there is no overall PASS."""

    INTACT = "INTACT"
    ALTERED = "ALTERED"
    INCOMPLETE = "INCOMPLETE"


class BrokenError(Exception):
    """Something is not as it was signed; `text` says what, in English, naming no person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class LogSummary:
    """What was checked of one epoch of one gate's log.

    Records `first` to `first + count - 1` are in the bundle; `witnessed` is the size of the newest
    checkpoint that the controller countersigned at `witnessed_at_s` (-1 for none); records from
    there on are bound by the bundle's own signature only. `first_bad` is the number of the first
    record that is wrong, or -1.
    """

    gate: str
    epoch: int
    first: int
    count: int
    checkpoints: int = 0
    witnessed: int = -1
    witnessed_at_s: int = -1
    erased: int = 0
    simulated: int = 0
    first_bad: int = -1


@dataclass(slots=True)
class Findings:
    """What the checks found so far, in the order in which they looked."""

    altered: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    logs: list[LogSummary] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Return INTACT only where every check was made and nothing was found."""
        if self.altered:
            return Verdict.ALTERED
        return Verdict.INCOMPLETE if self.incomplete else Verdict.INTACT
