"""Tell whether a credential is good now, with as much trust as the clock deserves (notes §1.6).

Where the clock is unknown, it still cannot run ahead of the truth: what has ended by it has ended,
and what has not begun by it may have begun, so a resident is let in.
"""

from dataclasses import dataclass

from edge.domain.gate_memory import GateMemory
from edge.domain.knowledge import Knowledge
from edge.domain.model import Bearer, ClockTrust, Moment, Refusal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord
from mqtt.contract.revocation import is_revoked

__all__ = ["Scene", "bearer_of", "in_time", "refused", "standing_of", "wall_ms"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What an authenticator looks at beside the claim."""

    access_point: str
    knowledge: Knowledge
    memory: GateMemory
    at: Moment

    def is_revoked(self, id_: bytes) -> bool:
        """Tell whether a credential or pass has been ended, by the list or by a carried notice."""
        now_ms = wall_ms(self.at)
        if is_revoked(self.knowledge.revoked, id_, now_ms):
            return True
        until_ms = self.memory.revoked.get(id_)
        return until_ms is not None and (now_ms is None or now_ms <= until_ms)


def wall_ms(at: Moment) -> int | None:
    """Return the wall clock in UTC ms, or None where it cannot be trusted."""
    return None if at.trust is ClockTrust.UNKNOWN else at.utc_ms


def in_time(from_ms: int, until_ms: int, at: Moment, *, slack_ms: int = 0) -> ReasonCode | None:
    """Return why `at` is outside `from_ms`..`until_ms` (UTC, both included), or None.

    `slack_ms` widens both ends, as the clock's own error does.
    """
    slack_ms += at.error_ms if at.trust is ClockTrust.HOLDOVER else 0
    if at.utc_ms > until_ms + slack_ms:
        return ReasonCode.EXPIRED
    if at.trust is not ClockTrust.UNKNOWN and at.utc_ms < from_ms - slack_ms:
        return ReasonCode.NOT_YET_VALID
    return None


def standing_of(id_: bytes, scene: Scene) -> CredentialRecord | Refusal:
    """Return the registered credential `id_` if it is good now, or why not."""
    record = scene.knowledge.credentials.get(id_)
    if record is None:
        ended = scene.is_revoked(id_)
        return Refusal(
            ReasonCode.REVOKED if ended else ReasonCode.UNKNOWN_CREDENTIAL, credential=id_
        )
    if scene.is_revoked(id_):
        return refused(ReasonCode.REVOKED, id_, record)
    reason = in_time(record.valid_from_ms, record.valid_until_ms, scene.at)
    return record if reason is None else refused(reason, id_, record)


def refused(reason: ReasonCode, id_: bytes, record: CredentialRecord) -> Refusal:
    """Refuse a registered credential and name it for the record."""
    return Refusal(reason, record.holder, id_)


def bearer_of(id_: bytes, record: CredentialRecord, *, duress: bool = False) -> Bearer:
    """Name the holder of a registered credential."""
    return Bearer(
        record.holder,
        id_,
        record.levels,
        longer_opening=record.longer_opening,
        duress=duress,
    )
