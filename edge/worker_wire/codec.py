"""Turn messages into lines and lines into messages, with the same checks on both ends."""

import functools
import json
import re
import types
import typing
from typing import Literal, TypeAlias

from edge.worker_wire.messages import (
    CommandRefused,
    Hello,
    Ping,
    Pong,
    Presence,
    QrRefused,
    QrSeen,
    ReaderFault,
    ShowSource,
    Stop,
    Welcome,
    WorkerHealth,
)
from edge.worker_wire.messages_face import FaceCommand, FaceReport

__all__ = ["MAX_LINE_BYTES", "WIRE_VERSION", "Message", "WireError", "decode", "encode"]

WIRE_VERSION = 1
MAX_LINE_BYTES = 8192

Message: TypeAlias = (
    Hello | QrSeen | QrRefused | Presence | WorkerHealth | ReaderFault | CommandRefused | Welcome
    | ShowSource | Ping | Pong | Stop | FaceCommand | FaceReport
)  # fmt: skip


class WireError(Exception):
    """Refuse a line or a message; ``code`` is stable, ``field`` is a field of ours or empty."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}" if field else code)
        self.code = code
        self.field = field


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
