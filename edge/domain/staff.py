"""Tell who may act as staff at this gate: by roster, role, term and PIN."""

from edge.domain.credential_index import same_hash
from edge.domain.gate_memory import GateMemory
from edge.domain.knowledge import Knowledge
from edge.domain.model import ClockTrust, Moment, Refusal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["check_staff", "staff_in_force"]

_AT_THE_DOOR = frozenset({Role.GUARD, Role.MANAGER})


def staff_in_force(staff: bytes, knowledge: Knowledge, at: Moment) -> bool:
    """Tell whether `staff` is a guard or manager of the roster whose term has not ended.

    A term is not judged by a clock that cannot be trusted: people are sent to the guard then.
    """
    record = knowledge.roster.get(staff)
    if record is None or record.role not in _AT_THE_DOOR:
        return False
    ended = record.valid_until_ms and at.utc_ms > record.valid_until_ms
    return not ended or at.trust is ClockTrust.UNKNOWN


def check_staff(
    card: tuple[int, int] | None, pin: str, knowledge: Knowledge, memory: GateMemory, at: Moment
) -> bytes | Refusal:
    """Return the pseudonym of the staff member with this fob and PIN, or why there is none."""
    staff = None if card is None else knowledge.staff_cards.get(card)
    if staff is None:
        return Refusal(ReasonCode.UNKNOWN_CREDENTIAL)
    if not staff_in_force(staff, knowledge, at):
        return Refusal(ReasonCode.ROLE_NOT_ALLOWED, credential=staff)
    lock = memory.pin_locks.get(staff)
    if lock is not None and lock.is_locked(at.mono_ms):
        return Refusal(ReasonCode.PIN_LOCKED, credential=staff)
    record = knowledge.roster[staff]
    if not same_hash(pin, record.pin_salt, record.pin_hash):
        return Refusal(ReasonCode.PIN_WRONG, credential=staff)
    return staff
