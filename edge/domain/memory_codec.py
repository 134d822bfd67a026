"""Write the facts that must survive a restart as small CBOR values, and read them back.

Reading is forgiving: a value that cannot be read is as good as forgotten, and every fact is such
that forgetting it is safe for the people at the door.
"""

from typing import TypeVar

import msgspec

from edge.domain.antipassback import Position, Positions
from edge.domain.effects import MemoryKind, Remember
from edge.domain.gate_memory import KEPT_AFTER_END_MS, Uses, Windows
from edge.domain.gate_state import Due
from edge.domain.model import Moment
from edge.domain.pin_lockout import PinLockout
from mqtt.contract import codec
from mqtt.contract.errors import ContractError

__all__ = [
    "due_key",
    "forget",
    "read_due",
    "read_fact",
    "read_lock",
    "read_number",
    "read_positions",
    "remember_due",
    "remember_lock",
    "remember_number",
    "remember_positions",
    "remember_uses",
    "remember_windows",
]

T = TypeVar("T", bound=msgspec.Struct)

_DAY_MS = 86_400_000


class _Number(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    value: int


class _Positions(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    all: tuple[Position, ...]


class _Lock(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    ends_ms: int
    next_lockout_ms: int


class _Due(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    actor: bytes
    access_point: str
    due_ms: int
    countersign: bool
    overdue: bool


def forget(kind: MemoryKind, key: bytes) -> Remember:
    """Ask to forget one fact."""
    return Remember(kind, key, None)


def remember_number(kind: MemoryKind, key: bytes, number: int, until_ms: int = 0) -> Remember:
    """Remember a number, such as an instant or a deadline."""
    return Remember(kind, key, codec.encode(_Number(number)), until_ms)


def remember_windows(credential: bytes, windows: Windows) -> Remember:
    """Remember the phone windows of a credential."""
    last_s = max((use.end_s for use in windows.used), default=windows.newest_s)
    until_ms = last_s * 1_000 + KEPT_AFTER_END_MS
    return Remember(MemoryKind.WINDOW, credential, codec.encode(windows), until_ms)


def remember_uses(pass_id: bytes, uses: Uses) -> Remember:
    """Remember who redeemed which uses of a pass."""
    until_ms = uses.until_ms + KEPT_AFTER_END_MS if uses.until_ms else 0
    return Remember(MemoryKind.USES, pass_id, codec.encode(uses), until_ms)


def remember_positions(holder: bytes, positions: Positions) -> Remember:
    """Remember where a holder was last seen; the nightly reset makes a day enough."""
    newest_ms = max((one.at_ms for one in positions), default=0)
    value = codec.encode(_Positions(positions))
    return Remember(MemoryKind.POSITION, holder, value, newest_ms + _DAY_MS)


def remember_lock(key: bytes, lock: PinLockout, at: Moment) -> Remember:
    """Remember a PIN lock-out; its monotonic end is written as UTC."""
    ends_ms = at.utc_ms + lock.remaining_ms(at.mono_ms)
    value = codec.encode(_Lock(ends_ms, lock.next_lockout_ms))
    return Remember(MemoryKind.PIN_LOCK, key, value, ends_ms + KEPT_AFTER_END_MS)


def remember_due(due: Due, at: Moment) -> Remember:
    """Remember what staff owe; its monotonic time is written as UTC."""
    due_ms = at.utc_ms + due.due_mono_ms - at.mono_ms
    fact = _Due(due.actor, due.access_point, due_ms, due.countersign, due.overdue)
    return Remember(MemoryKind.REASON_DUE, due_key(due.number), codec.encode(fact))


def due_key(number: int) -> bytes:
    """Return the key of a due."""
    return number.to_bytes(8, "big")


def read_fact(value: bytes, model: type[T]) -> T | None:
    """Read Windows or Uses, or None."""
    try:
        return codec.decode(value, model)
    except ContractError:
        return None


def read_number(value: bytes) -> int | None:
    """Read what `remember_number` wrote, or None."""
    found = read_fact(value, _Number)
    return None if found is None else found.value


def read_positions(value: bytes) -> Positions | None:
    """Read what `remember_positions` wrote, or None."""
    found = read_fact(value, _Positions)
    return None if found is None else found.all


def read_due(key: bytes, value: bytes, at: Moment) -> Due | None:
    """Read what `remember_due` wrote, or None."""
    fact = read_fact(value, _Due)
    if fact is None:
        return None
    due_mono_ms = at.mono_ms + fact.due_ms - at.utc_ms
    number = int.from_bytes(key, "big")
    return Due(number, fact.actor, fact.access_point, due_mono_ms, fact.countersign, fact.overdue)


def read_lock(value: bytes, at: Moment) -> PinLockout | None:
    """Read what `remember_lock` wrote, or None; a wrong clock cannot make a lock-out longer."""
    found = read_fact(value, _Lock)
    if found is None:
        return None
    left_ms = min(max(found.ends_ms - at.utc_ms, 0), found.next_lockout_ms)
    return PinLockout((), at.mono_ms + left_ms if left_ms > 0 else None, found.next_lockout_ms)
