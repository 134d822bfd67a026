"""Speak what a screen shows, for who cannot read it. Nothing spoken names a person.

The port is `Speaker`; beside it stand its adapters: silence, a recorder for tests and the demo, the
speech program espeak-ng, and a player of prepared files. A speaker that is missing stays silent.
"""

import logging
import shutil
import subprocess
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["FileSpeaker", "Prompt", "SimSpeaker", "Speaker", "SpeechProgram", "speaker_named"]

_log = logging.getLogger(__name__)
_LONGEST_S = 15.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to say: `key` names its prepared file, `text` is said in `language`."""

    key: str
    text: str
    language: str


class Speaker(Protocol):
    """Whatever can speak; it may take its time and raises nothing."""

    def say(self, prompt: Prompt) -> None:
        """Say it, then return."""


class SimSpeaker:
    """Keep what was said, the last 100."""

    def __init__(self) -> None:
        self.said: deque[Prompt] = deque(maxlen=100)

    def say(self, prompt: Prompt) -> None:
        """Keep it."""
        self.said.append(prompt)


class _Silence:
    def say(self, prompt: Prompt) -> None:
        """Say nothing."""


class SpeechProgram:
    """Let espeak-ng speak."""

    def __init__(self, program: str) -> None:
        self._program = program

    def say(self, prompt: Prompt) -> None:
        """Speak the text, 15 s at most."""
        voice = "en" if prompt.language == "en" else "cmn"
        _run([self._program, "-v", voice, "-s", "150", "--", prompt.text])


class FileSpeaker:
    """Play `<folder>/<key>.<zh|en>.wav` with aplay; a prompt without a file is not spoken."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder = folder
        self._program = program

    def say(self, prompt: Prompt) -> None:
        """Play the prepared file, 15 s at most."""
        short = "en" if prompt.language == "en" else "zh"
        file = self._folder / f"{prompt.key}.{short}.wav"
        if file.is_file():
            _run([self._program, "-q", str(file)])


def speaker_named(name: str) -> Speaker:
    """Return the speaker of a setting: `none`, `espeak-ng`, or `files:<folder>`.

    What is not installed is silent.
    """
    kind, _, rest = name.partition(":")
    program = shutil.which("aplay" if kind == "files" else kind) if kind != "none" else None
    if program is None:
        if kind != "none":
            _log.warning("speaker_missing", extra={"code": kind})
        return _Silence()
    return FileSpeaker(Path(rest), program) if kind == "files" else SpeechProgram(program)


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=False, timeout=_LONGEST_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("speaker_failed", extra={"code": type(error).__name__})
