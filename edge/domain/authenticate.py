"""Find out whose attempt it is. Pure and total.

Rules of this file:
1. Each way in has one authenticator in a table; a way that is not in the table, or that is not
   fitted at the access point, is not installed.
2. Nothing is granted here, and an error of any kind refuses: there is no path from an error to a
   bearer (B07).
3. A refusal of something registered names its holder, so that the record can.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edge.domain.authenticate_pass import Spend, identify_pass
from edge.domain.credential_index import same_hash
from edge.domain.face_leases import lease_at
from edge.domain.gate_memory import PAD, GateMemory
from edge.domain.knowledge import Knowledge
from edge.domain.model import (
    AccessAttempt,
    Bearer,
    CardClaim,
    FaceClaim,
    GuardClaim,
    Moment,
    PassClaim,
    PinClaim,
    Refusal,
)
from edge.domain.staff import staff_in_force
from edge.domain.standing import Scene, bearer_of, refused, standing_of
from mqtt.contract.errors import EqualGateError
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord

__all__ = ["AUTHENTICATORS", "Authenticated", "Authenticator", "authenticate"]


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Whose attempt it is, what a grant spends, and a detail for the record (personal)."""

    bearer: Bearer
    spend: Spend | None = None
    note: str = ""


Authenticator = Callable[[AccessAttempt, Scene], Authenticated | Refusal]


def authenticate(
    attempt: AccessAttempt, knowledge: Knowledge, memory: GateMemory, at: Moment
) -> Authenticated | Refusal:
    """Return the bearer of `attempt` or why there is none. Never raises."""
    find = AUTHENTICATORS.get(attempt.method)
    fitted = knowledge.fitted.get(attempt.access_point)
    if fitted is None:
        return Refusal(ReasonCode.WRONG_ACCESS_POINT)
    if find is None or (attempt.method not in fitted and attempt.method is not Method.GUARD):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    try:
        return find(attempt, Scene(attempt.access_point, knowledge, memory, at))
    except EqualGateError as error:
        known = error.code is not ReasonCode.GRANTED
        return Refusal(error.code if known else ReasonCode.UNKNOWN_CREDENTIAL)


def _fob(attempt: AccessAttempt, scene: Scene) -> Authenticated | Refusal:
    claim = attempt.claim
    if not isinstance(claim, CardClaim):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    card = (claim.card.value, claim.card.length)
    note = f"{claim.card.length}:{claim.card.hex}"
    refusal = Refusal(ReasonCode.UNKNOWN_CREDENTIAL, note=note)
    for id_ in scene.knowledge.credentials.of_card(card):
        found = _one_fob(id_, claim.pin, scene)
        if isinstance(found, Authenticated):
            return found
        refusal = found
    return refusal


def _one_fob(id_: bytes, pin: str, scene: Scene) -> Authenticated | Refusal:
    record = standing_of(id_, scene)
    if isinstance(record, Refusal):
        return record
    if record.method is not Method.FOB:
        return refused(ReasonCode.UNKNOWN_CREDENTIAL, id_, record)
    if not (record.fob_needs_pin or (pin and record.pin_hash)):
        return Authenticated(bearer_of(id_, record))
    if not pin:
        return refused(ReasonCode.PIN_REQUIRED, id_, record)
    return _pin_of_fob(id_, record, pin, scene)


def _pin_of_fob(
    id_: bytes, record: CredentialRecord, pin: str, scene: Scene
) -> Authenticated | Refusal:
    """Check the PIN that goes with a fob; only guesses with this fob lock it, not those without."""
    lock = scene.memory.pin_locks.get(id_)
    if lock is not None and lock.is_locked(scene.at.mono_ms):
        return refused(ReasonCode.PIN_LOCKED, id_, record)
    if same_hash(pin, record.pin_salt, record.pin_hash):
        return Authenticated(bearer_of(id_, record))
    if same_hash(pin, record.pin_salt, record.duress_hash):
        return Authenticated(bearer_of(id_, record, duress=True))
    return refused(ReasonCode.PIN_WRONG, id_, record)


def _pin(attempt: AccessAttempt, scene: Scene) -> Authenticated | Refusal:
    claim = attempt.claim
    if not isinstance(claim, PinClaim):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    lock = scene.memory.pin_locks.get(PAD)
    if lock is not None and lock.is_locked(scene.at.mono_ms):
        return Refusal(ReasonCode.PIN_LOCKED)
    found = scene.knowledge.credentials.find_pin(claim.digits)
    if found is None:
        return Refusal(ReasonCode.PIN_WRONG)
    record = standing_of(found.credential, scene)
    if isinstance(record, Refusal):
        return record
    return Authenticated(bearer_of(found.credential, record, duress=found.duress))


def _pass(attempt: AccessAttempt, scene: Scene) -> Authenticated | Refusal:
    claim = attempt.claim
    if not isinstance(claim, PassClaim):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    found = identify_pass(claim.text, scene)
    if isinstance(found, Refusal):
        return found
    return Authenticated(found.bearer, found.spend, found.note)


def _guard(attempt: AccessAttempt, scene: Scene) -> Authenticated | Refusal:
    claim = attempt.claim
    if not isinstance(claim, GuardClaim):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    shift = scene.memory.shift
    on_duty = shift is not None and shift.staff == claim.staff
    if not on_duty or not staff_in_force(claim.staff, scene.knowledge, scene.at):
        return Refusal(ReasonCode.ROLE_NOT_ALLOWED)
    return Authenticated(Bearer(b"", b"", released=True, actor=claim.staff))


def _face(attempt: AccessAttempt, scene: Scene) -> Authenticated | Refusal:
    """Name whom the worker identified, if a lease holds: as the bearer of the credential it names.

    So face has that credential's levels, schedule and end, and no others (rule NS-04). The lock
    waits for the disk.
    """
    claim = attempt.claim
    if not isinstance(claim, FaceClaim):
        return Refusal(ReasonCode.METHOD_NOT_INSTALLED)
    if claim.reason is not ReasonCode.GRANTED:
        return Refusal(claim.reason)
    knowledge, place = scene.knowledge, scene.access_point
    verdict = lease_at(claim.holder, place, knowledge, scene.memory, scene.at)
    lease = knowledge.consents.leases.get(claim.holder)
    record = None if lease is None else knowledge.credentials.get(lease.credential)
    if lease is None or record is None or not verdict.holds:
        return Refusal(verdict.reason, claim.holder)
    return Authenticated(replace(bearer_of(lease.credential, record), durable_first=True))


AUTHENTICATORS: Mapping[Method, Authenticator] = {
    Method.QR: _pass,
    Method.FOB: _fob,
    Method.PIN: _pin,
    Method.GUARD: _guard,
    Method.FACE: _face,
}
"""How each way in is authenticated. The order means nothing."""
