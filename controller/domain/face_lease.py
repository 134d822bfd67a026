"""Compute the lease under which a gate may use somebody's face, from what stands behind it.

A lease is never stored: it follows from consent, right to live here, credential and switches at
the time of asking, so nothing that ends can leave one behind. It lasts at most 24 h and at least
18 h unless something behind it ends sooner; it changes every 6 h, alike for everybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.domain.moment import HOUR_MS
from mqtt.contract.containment import opens_without_face
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.records import AccessPointRecord, CredentialRecord, LeaseRecord

__all__ = ["STEP_MS", "Standing", "choose_credential", "lease_at"]

STEP_MS = 6 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent that stands at one gate, in UTC ms; `right_until_ms` None has no end."""

    holder: bytes
    access_points: frozenset[str]
    given_at_ms: int
    until_ms: int
    right_until_ms: int | None = None


def lease_at(
    standing: Standing,
    held: Mapping[bytes, CredentialRecord],
    with_face: Mapping[str, AccessPointRecord],
    now_ms: int,
) -> LeaseRecord | None:
    """Return the lease of one person at one gate at `now_ms`, or None.

    `held` are the person's working non-biometric credentials that lead through this gate, by id;
    `with_face` its access points where face is fitted. Face that was fitted at more of them than
    the person said yes to needs a new yes. Rules NS-03, NS-07, CO-06.
    """
    if not with_face or not standing.access_points.issuperset(with_face):
        return None
    named = choose_credential(held, with_face.values(), now_ms)
    if named is None:
        return None
    start_ms = now_ms - now_ms % STEP_MS
    credential = held[named]
    from_ms = max(start_ms, credential.valid_from_ms)
    if standing.given_at_ms <= now_ms:  # else the gate's clock is a little ahead of ours
        from_ms = max(from_ms, standing.given_at_ms)
    ends = [start_ms + MAX_LEASE_MS, standing.until_ms, credential.valid_until_ms]
    if standing.right_until_ms is not None:
        ends.append(standing.right_until_ms)
    until_ms = min(ends)
    if not from_ms <= now_ms < until_ms:
        return None
    return LeaseRecord(credential=named, from_ms=from_ms, until_ms=until_ms)


def choose_credential(
    held: Mapping[bytes, CredentialRecord], with_face: Iterable[AccessPointRecord], now_ms: int
) -> bytes | None:
    """Return the credential that a lease should name: the one that lasts longest.

    It must open without a face wherever face is fitted here. Ties go by id, so that a lease names
    the same credential until something changes.
    """
    points = tuple(with_face)
    usable = [
        (credential.valid_until_ms, id_)
        for id_, credential in held.items()
        if credential.valid_from_ms <= now_ms < credential.valid_until_ms
        and all(opens_without_face(credential, point, held.values()) for point in points)
    ]
    return max(usable)[1] if usable else None
