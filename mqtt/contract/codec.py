"""Turn signed or hashed models into deterministic CBOR and back (RFC 8949 §4.2.1).

Rules, checked before anything else looks at the content:
1. at most 64 KiB and 12 levels of nesting;
2. no floats, no tags, no indefinite lengths, no duplicate keys, map keys are text;
3. bytes are decoded, encoded again and compared, so one value has exactly one form;
4. unknown fields and wrong types are refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeAlias, TypeVar, cast

import cbor2
import msgspec

from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Plain", "decode", "decode_plain", "encode", "encode_plain"]

MAX_BYTES = 64 * 1024
"""Longest message in bytes that is looked at at all."""

MAX_DEPTH = 12
"""Deepest nesting of arrays and maps."""

_BUILTIN_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004)

T = TypeVar("T")

Plain: TypeAlias = "bool | int | str | bytes | Sequence[Plain] | Mapping[str, Plain] | None"
"""What a message is made of; a sequence is decoded as a list, a mapping as a dict."""


def _refuse_tag(*_: object) -> NoReturn:
    raise ContractError(ReasonCode.NOT_CANONICAL, "tag")


def _refuse_float(*_: object) -> NoReturn:
    raise ContractError(ReasonCode.NOT_CANONICAL, "float")


def _refuse_simple(*_: object) -> NoReturn:
    raise ContractError(ReasonCode.NOT_CANONICAL, "simple value")


def _text_keys_only(found: Mapping[object, object], _immutable: object) -> Mapping[object, object]:
    if all(type(key) is str for key in found):
        return found
    raise ContractError(ReasonCode.NOT_CANONICAL, "map key")


_BIG = re.compile(rb"[\xc2\xc3]")
"""The tags under which a number beyond 64 bits would be written (RFC 8949 §3.4.3)."""
_ODD = re.compile(rb"[\xe0-\xf3\xf7-\xff]")
"""First bytes of floats and of simple values but false, true and null (RFC 8949 §3.3)."""
_SCALARS = frozenset({bool, int, str, bytes, type(None)})
_PLAIN_TYPES = _SCALARS | {list, dict}
_SENT = re.compile(r"(Invalid enum value|contains unknown field).*?(?= - at |\Z)", re.DOTALL)
_NO_TAGS = dict.fromkeys((*_BUILTIN_TAGS, 43000, 55799), _refuse_tag)
_REFUSED_TYPES: dict[type, Callable[..., NoReturn]] = {
    float: _refuse_float,
    type(cbor2.undefined): _refuse_simple,
    cbor2.CBORSimpleValue: _refuse_simple,
}


def encode_plain(value: Plain) -> bytes:
    """Encode ints, text, bytes, booleans, None, lists and text-keyed dicts.

    Raises ContractError(`not_canonical`) for floats, other types and numbers beyond 64 bits,
    (`too_large`) above 64 KiB.
    """
    data = _dump(value)
    if _BIG.search(data) and _has_big_number(value):
        raise ContractError(ReasonCode.NOT_CANONICAL, "number beyond 64 bits")
    return data


def decode_plain(data: bytes) -> Plain:
    """Decode to builtins after checking rules 1 to 3. Raises ContractError."""
    if len(data) > MAX_BYTES:
        raise ContractError(ReasonCode.TOO_LARGE, f"{len(data)} > {MAX_BYTES} bytes")
    try:
        value = cbor2.loads(
            data,
            tag_hook=_refuse_tag,
            object_hook=_text_keys_only,
            semantic_decoders=_NO_TAGS,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError) as error:
        raise _unwrapped(error, ReasonCode.MALFORMED) from error
    # Without hooks the library encodes twice as quickly, and every event passes here.
    if cbor2.dumps(value, canonical=True) != data or (_ODD.search(data) and not _is_plain(value)):
        raise ContractError(ReasonCode.NOT_CANONICAL)
    return cast("Plain", value)


def _dump(value: object) -> bytes:
    try:
        data = cbor2.dumps(value, canonical=True, encoders=_REFUSED_TYPES)
    except cbor2.CBOREncodeError as error:
        raise _unwrapped(error, ReasonCode.NOT_CANONICAL) from error
    if len(data) > MAX_BYTES:
        raise ContractError(ReasonCode.TOO_LARGE, f"{len(data)} > {MAX_BYTES} bytes")
    return data


def _is_plain(value: object) -> bool:
    """Tell whether nothing in a decoded value is a float or an odd simple value."""
    if not isinstance(value, list | dict):
        return type(value) in _SCALARS
    inner = value.values() if isinstance(value, dict) else value
    kinds = set(map(type, inner))
    return kinds <= _SCALARS or (kinds <= _PLAIN_TYPES and all(map(_is_plain, inner)))


def _has_big_number(value: Plain) -> bool:
    if isinstance(value, int):
        return not -(1 << 64) <= value < 1 << 64
    if isinstance(value, Mapping):
        return any(_has_big_number(inner) for inner in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return any(_has_big_number(inner) for inner in value)
    return False


def encode(model: msgspec.Struct) -> bytes:
    """Encode a model. Raises ContractError as `encode_plain` does."""
    return encode_plain(msgspec.to_builtins(model, builtin_types=(bytes,)))


def decode(data: bytes, model: type[T]) -> T:
    """Decode to `model`, refusing unknown fields and wrong types. Raises ContractError."""
    value = decode_plain(data)
    try:
        return msgspec.convert(value, model, strict=True, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ContractError(ReasonCode.WRONG_SHAPE, _where(error)) from None


def _where(error: msgspec.ValidationError) -> str:
    """Keep types, paths and names of ours of a msgspec message, and nothing that was sent."""
    said = str(error).replace("`", "")
    return _SENT.sub(r"\1", said)


def _unwrapped(error: BaseException, code: ReasonCode) -> ContractError:
    """Return the ContractError that a hook raised inside the library, or a new one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ContractError):
            return cause
        cause = cause.__cause__
    return ContractError(code)
