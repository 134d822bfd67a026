"""Follow the boards in a folder: for open pages, and for the speaker."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.kiosk.reading import Reading, read_board
from edge.kiosk.speaker import Prompt, Speaker
from edge.kiosk.view import State, View, view_of
from edge.kiosk.words import Text

__all__ = ["Boards", "Voice", "monotonic_ms"]

_LOOK_S = 0.04
_SPOKEN = frozenset(State) - {State.IDLE, State.OUT}


def monotonic_ms() -> int:
    """Return CLOCK_MONOTONIC in ms, which daemon and screen share."""
    return time.monotonic_ns() // 1_000_000


class Boards:
    """The boards of one gate: one file for each access point."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Return where the daemon writes."""
        return self._folder

    def places(self) -> tuple[str, ...]:
        """List the access points that have a board."""
        try:
            return tuple(sorted(file.stem for file in self._folder.glob("*.json")))
        except OSError:
            return ()

    def read(self, place: str) -> Reading | None:
        """Return the board of an access point, or None."""
        return read_board(self._folder / f"{place}.json")

    def view(self, place: str) -> View:
        """Return what the screen of an access point shows now."""
        return view_of(self.read(place), monotonic_ms())

    def views(self, place: str, is_over: Callable[[], bool]) -> Iterator[View | None]:
        """Yield each change of a screen within 0.04 s, and None each second without one."""
        last: View | None = None
        told_ms = 0
        while not is_over():
            view = self.view(place)
            if view != last:
                last, told_ms = view, monotonic_ms()
                yield view
            elif monotonic_ms() - told_ms >= 1_000:
                told_ms = monotonic_ms()
                yield None
            time.sleep(_LOOK_S)


class Voice:
    """Speak the states of every screen of a gate, each once, in a thread of its own."""

    def __init__(self, boards: Boards, speaker: Speaker, language: str) -> None:
        self._boards = boards
        self._speaker = speaker
        self._language = language
        self._heard: dict[str, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self) -> None:
        """Begin; what was shown before is not spoken."""
        for place in self._boards.places():
            reading = self._boards.read(place)
            self._heard[place] = 0 if reading is None else reading.shown_ms
        self._thread.start()

    def stop(self) -> None:
        """End after the sentence."""
        self._stopping.set()
        self._thread.join(20.0)

    def look(self) -> None:
        """Speak what is new now."""
        for place in self._boards.places():
            reading = self._boards.read(place)
            if reading is None or reading.shown_ms == self._heard.get(place, 0):
                continue
            self._heard[place] = reading.shown_ms
            view = view_of(reading, monotonic_ms())
            if view.state in _SPOKEN:
                self._speaker.say(_prompt(reading, view, self._language))

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            self.look()


def _prompt(reading: Reading, view: View, language: str) -> Prompt:
    at = 1 if language == "en" else 0
    texts: tuple[Text, ...] = (view.head, view.detail, view.step)
    stop = ". " if at else "。"
    said = stop.join(text[at].rstrip("。. ") for text in texts if text[at])
    return Prompt(reading.reason or view.state.value, said, language)
