"""Hold the messages that every worker speaks, and those of the QR worker."""

from dataclasses import dataclass
from typing import Literal

from edge.worker_wire.fields import FilePath, Lane, Name, QrText

__all__ = [
    "CommandRefused", "Hello", "Ping", "Pong", "Presence", "QrRefused", "QrSeen", "ReaderFault",
    "ShowSource", "Stop", "Welcome", "WorkerHealth",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hello:
    """Open the worker's side: what it is, which wire it speaks, whether any of it is simulated."""

    worker: Name
    version: int
    adapter_kind: Literal["real", "simulated"]
    capabilities: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class QrSeen:
    """Report a QR text, once per presentation, which began when a code first came into view."""

    lane: Lane
    text: QrText
    reader: Name
    first_seen_mono_ms: int
    decoded_mono_ms: int


@dataclass(frozen=True, slots=True)
class QrRefused:
    """Report that a code was read that can be no pass; its content stays in the worker."""

    lane: Lane
    reason: Literal["too_long", "charset"]
    reader: Name
    first_seen_mono_ms: int
    decoded_mono_ms: int


@dataclass(frozen=True, slots=True)
class Presence:
    """Report that something like a code came into view and is not read yet."""

    lane: Lane
    mono_ms: int


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """Report counters of one lane since the start; ``dropped`` counts what was over budget.

    ``shown`` counts the files that a simulated camera has begun with, in the order of the commands.
    """

    lane: Lane
    frames: int
    decoded: int
    dropped: int
    last_frame_mono_ms: int | None
    source_state: Literal["opening", "live", "waiting", "faulted", "ended"]
    shown: int = 0


@dataclass(frozen=True, slots=True)
class ReaderFault:
    """Report that the reader of a lane does not work now; the worker keeps trying."""

    lane: Lane
    code: Name


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Answer a command that this worker does not carry out, such as a picture for a real camera.

    ``shown`` is the number of the file that could not be read, 0 for the newest command.
    """

    lane: Lane
    code: Name
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer a hello that the daemon takes."""

    version: int


@dataclass(frozen=True, slots=True)
class ShowSource:
    """Name a picture, folder or video file that a simulated camera is to see now."""

    lane: Lane
    path: FilePath


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a sign of life."""

    nonce: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Give back the nonce of a ping."""

    nonce: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask the worker to end cleanly."""
