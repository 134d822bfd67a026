"""Judge whether a person's face may be used here and now: the consent lease (promise 4).

A lease lasts at most 24 h and ends with the non-biometric credential of the same person that it
names. It reaches no further than that person gets without a face (promise 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mqtt.contract.containment import opens_without_face
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, CredentialRecord, LeaseRecord

__all__ = ["MAX_LEASE_MS", "LeaseVerdict", "judge_lease"]

MAX_LEASE_MS = 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class LeaseVerdict:
    """Whether a lease holds: `reason` is `granted` or why not, `until_ms` (UTC) its end if so."""

    reason: ReasonCode
    until_ms: int = 0

    @property
    def holds(self) -> bool:
        """Tell whether face may be used."""
        return self.reason is ReasonCode.GRANTED


def judge_lease(
    lease: LeaseRecord | None,
    holder: bytes,
    named: CredentialRecord | None,
    held: Iterable[CredentialRecord],
    access_point: AccessPointRecord,
    *,
    now_ms: int | None,
) -> LeaseVerdict:
    """Return whether `holder`'s face may be used at `access_point` at `now_ms` (UTC).

    `named` is the credential that the lease names, or None if it is gone or revoked; `held` are the
    holder's credentials in force. While the clock is not trusted (`now_ms` None) no lease holds.
    Reasons: `no_lease`, `clock_untrusted`, `not_yet_valid`, `expired`, `unknown_credential`,
    `method_suspended` (no QR or fob of the person works here).
    """
    if lease is None or lease.until_ms - lease.from_ms > MAX_LEASE_MS:
        return LeaseVerdict(ReasonCode.NO_LEASE)
    if now_ms is None:
        return LeaseVerdict(ReasonCode.CLOCK_UNTRUSTED)
    if named is None or named.holder != holder or named.method is Method.FACE:
        return LeaseVerdict(ReasonCode.UNKNOWN_CREDENTIAL)
    start_ms = max(lease.from_ms, named.valid_from_ms)
    until_ms = min(lease.until_ms, named.valid_until_ms)
    if now_ms < start_ms:
        return LeaseVerdict(ReasonCode.NOT_YET_VALID)
    if now_ms >= until_ms:
        return LeaseVerdict(ReasonCode.EXPIRED)
    if not opens_without_face(named, access_point, held):
        return LeaseVerdict(ReasonCode.METHOD_SUSPENDED)
    return LeaseVerdict(ReasonCode.GRANTED, until_ms)
