"""Ring a plain telephone of a flat; the port, and the simulator beside it.

A real adapter (a SIP gateway) dials and tells the pressed key; it knows a number and a sentence and
nothing else about the flat.
"""

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["NoTelephone", "SimTelephone", "Telephone"]

OPEN_KEY = "5"
"""The key that opens, said in the sentence."""


class Telephone(Protocol):
    """Whatever can ring a telephone."""

    @property
    def is_there(self) -> bool:
        """Tell whether there is one."""

    def ring(self, ring: int, number: str, sentence: str) -> None:
        """Ring `number` and say the sentence; the key comes back by the ring's number."""


class NoTelephone:
    """A site without a telephone line: pages and the guard do it all."""

    is_there = False

    def ring(self, ring: int, number: str, sentence: str) -> None:
        """Ring nowhere."""


@dataclass(slots=True)
class SimTelephone:
    """Keep what was dialled, for tests and the demo."""

    is_there: bool = True
    dialled: list[tuple[int, str, str]] = field(default_factory=list)

    def ring(self, ring: int, number: str, sentence: str) -> None:
        """Keep it."""
        self.dialled.append((ring, number, sentence))
