"""Speak the one language between the gate daemon and its worker processes.

One message is one line of JSON on a Unix stream socket, at most ``MAX_LINE_BYTES`` with its
newline. Both ends know this module and nothing else of each other. Rules:

1. ``decode`` takes bytes from an untrusted process and raises nothing but ``WireError``.
2. Unknown and missing fields, wrong types and values out of range are refused, on both ends.
3. No error text repeats what was received: a line may hold a pass.

Instants named ``..._mono_ms`` are ``time.monotonic()`` in whole milliseconds, shared by all
processes of one machine; ``..._utc_ms`` are UTC. A lane is the id of the access point that a
reader serves. Standard library only, Python 3.10.
"""

import functools
import json
import re
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

__all__ = [
    "MAX_LINE_BYTES", "MAX_TEXT_CHARS", "WIRE_VERSION", "CommandRefused", "FaceAllow", "FaceArm",
    "FaceCounters", "FaceDisarm", "FaceErased", "FaceHint", "FaceResult", "FaceRevoke", "Hello",
    "Message", "Ping", "Pong", "Presence", "QrRefused", "QrSeen", "ReaderFault", "ShowSource",
    "Stop", "Welcome", "WireError", "WorkerHealth", "decode", "encode",
]  # fmt: skip

WIRE_VERSION = 1
MAX_LINE_BYTES = 8192
MAX_TEXT_CHARS = 600

Lane: TypeAlias = Annotated[str, re.compile(r"[a-z0-9-]{4,40}")]
Name: TypeAlias = Annotated[str, re.compile(r"[a-z0-9_.+-]{1,40}")]
Person: TypeAlias = Annotated[str, re.compile(r"[A-Za-z0-9_-]{1,40}")]
QrText: TypeAlias = Annotated[str, re.compile(rf"[^\ud800-\udfff]{{0,{MAX_TEXT_CHARS}}}")]
FilePath: TypeAlias = Annotated[str, re.compile(r"[^\0\ud800-\udfff]{1,1024}")]


class WireError(Exception):
    """Refuse a line or a message; ``code`` is stable, ``field`` is a field of ours or empty."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}" if field else code)
        self.code = code
        self.field = field


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
    """Report counters of one lane since the start; ``dropped`` counts what was over budget."""

    lane: Lane
    frames: int
    decoded: int
    dropped: int
    last_frame_mono_ms: int | None
    source_state: Literal["opening", "live", "waiting", "faulted", "ended"]


@dataclass(frozen=True, slots=True)
class ReaderFault:
    """Report that the reader of a lane does not work now; the worker keeps trying."""

    lane: Lane
    code: Name


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Answer a command that this worker does not carry out, such as a picture for a real camera."""

    lane: Lane
    code: Name


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


@dataclass(frozen=True, slots=True)
class FaceArm:
    """Open the face camera of a lane until the deadline; only a press of the button does."""

    lane: Lane
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class FaceDisarm:
    """Close the face camera of a lane now."""

    lane: Lane


@dataclass(frozen=True, slots=True)
class FaceAllow:
    """Let a reference be used until an instant: a consent lease that the daemon has verified."""

    person: Person
    until_utc_ms: int


@dataclass(frozen=True, slots=True)
class FaceRevoke:
    """Stop using a reference and erase it."""

    person: Person


@dataclass(frozen=True, slots=True)
class FaceResult:
    """Answer one armed attempt: nothing but outcome, person reference or none, and reason."""

    lane: Lane
    outcome: Literal["identified", "refused"]
    person: Person | None
    reason: Name


@dataclass(frozen=True, slots=True)
class FaceErased:
    """Report that the references of a person are gone; the daemon signs the receipt."""

    person: Person
    references: int


@dataclass(frozen=True, slots=True)
class FaceCounters:
    """Report face activity since the start; the self-test is counted apart."""

    presses: int
    inferences: int
    self_test_inferences: int


@dataclass(frozen=True, slots=True)
class FaceHint:
    """Tell the person at the camera what to do, as a code that the gate screen words."""

    lane: Lane
    code: Name


Message: TypeAlias = (
    Hello | QrSeen | QrRefused | Presence | WorkerHealth | ReaderFault | CommandRefused | Welcome
    | ShowSource | Ping | Pong | Stop | FaceArm | FaceDisarm | FaceAllow | FaceRevoke | FaceResult
    | FaceErased | FaceCounters | FaceHint
)  # fmt: skip


def encode(message: Message) -> bytes:
    """Return the line of ``message`` with its newline; raise ``WireError`` for a bad value."""
    tag = _tag(type(message))
    body: dict[str, object] = {"t": tag, "v": WIRE_VERSION}
    for name, kind in _table()[tag][1].items():
        body[name] = _checked(getattr(message, name), kind, name)
    line = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise WireError("line_too_long")
    return line


def decode(line: bytes) -> Message:
    """Return the message of one line; raise ``WireError``, and nothing else, for other bytes."""
    body = _parse(line)
    version, tag = body.pop("v", None), body.pop("t", None)
    if type(version) is not int or version != WIRE_VERSION:
        raise WireError("unknown_version")
    if not isinstance(tag, str) or tag not in _table():
        raise WireError("unknown_message")
    cls, kinds = _table()[tag]
    if not body.keys() <= kinds.keys():
        raise WireError("unknown_field")
    for name, kind in kinds.items():
        if name not in body:
            raise WireError("missing_field", name)
        body[name] = _checked(body[name], kind, name)
    return typing.cast("Message", cls(**body))


def _parse(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise WireError("line_too_long")
    try:
        body = json.loads(line.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        # The parser's own message would repeat the content.
        raise WireError("not_json") from None
    if not isinstance(body, dict):
        raise WireError("not_an_object")
    return body


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise WireError("duplicate_field")
    return body


def _tag(cls: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@functools.cache
def _table() -> dict[str, tuple[type, dict[str, object]]]:
    members = typing.get_args(Message)
    return {_tag(cls): (cls, typing.get_type_hints(cls, include_extras=True)) for cls in members}


def _checked(value: object, kind: object, name: str) -> object:
    """Return ``value`` if it is of ``kind``: int (no bool), literal, patterned text, or a mix."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):  # "X or nothing" is the only union here
        return None if value is None else _checked(value, parts[0], name)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_checked(item, parts[0], name) for item in value)
    if kind is int and type(value) is int:
        allowed = 0 <= value <= 2**53 - 1
    elif kind is not int and origin is not tuple and isinstance(value, str):
        allowed = value in parts if origin is Literal else bool(parts[1].fullmatch(value))
    else:
        raise WireError("wrong_type", name)
    if not allowed:
        raise WireError("bad_value", name)
    return value
