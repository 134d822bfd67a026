"""What the gate needs of electrical lines; `gpio` and `sim.lines` both provide it.

A level is True while the line is active: a lock commanded open, a door open, a button pressed.
Which voltage that is belongs to the provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mqtt.contract.events import AdapterKind

__all__ = ["Edge", "InputLines", "OutputLine"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A line changed; `index` counts the lines of its `InputLines` from 0."""

    index: int
    is_active: bool
    mono_ms: int


class OutputLine(Protocol):
    """One line that we drive."""

    @property
    def kind(self) -> AdapterKind:
        """Return whether a real line is behind it."""

    def open(self) -> None:
        """Take the line in one go at rest, without a pulse. Raises UnavailableError."""

    def drive(self, *, active: bool) -> None:
        """Set the level. Raises UnavailableError."""

    def close(self) -> None:
        """Put the line to rest and let it go; harmless if it is not open."""


class InputLines(Protocol):
    """A few lines that we watch together, in one thread."""

    @property
    def kind(self) -> AdapterKind:
        """Return whether real lines are behind it."""

    @property
    def name(self) -> str:
        """Name them for a person who repairs, such as the chip."""

    def open(self) -> None:
        """Take the lines. Raises UnavailableError."""

    def levels(self) -> tuple[bool, ...]:
        """Read every level now. Raises UnavailableError."""

    def wait(self, timeout_s: float | None) -> Sequence[Edge]:
        """Sleep until something changes, `wake` is called or the time is over.

        Raises UnavailableError where the lines are gone.
        """

    def wake(self) -> None:
        """End a `wait`; from any thread."""

    def close(self) -> None:
        """Let the lines go; harmless if they are not open."""
