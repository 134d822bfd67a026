"""The words of the gate: moments, attempts, claims, bearers, decisions.

An access attempt is the same for every way in: where, by which method, what is claimed, since
when. What differs lies in the claim, and only `authenticate` opens it. `authorise` gets a Bearer,
in which no method exists (DESIGN §3, promise 1).
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from edge.domain.card_formats import CardBits, CardTier
from mqtt.contract.events import AdapterKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "AccessAttempt",
    "Bearer",
    "CardClaim",
    "Claim",
    "ClockTrust",
    "Decision",
    "FaceClaim",
    "GuardClaim",
    "Moment",
    "PassClaim",
    "PinClaim",
    "Refusal",
    "StaffAction",
]


class ClockTrust(IntEnum):
    """How far the wall clock can be believed (protocol notes §1.6)."""

    SYNCED = 0
    HOLDOVER = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant at the gate: monotonic ms of this boot, UTC ms, and the trust in the latter.

    `error_ms` bounds the wall clock's error either way. At trust UNKNOWN, `utc_ms` is the time
    floor plus what has passed since: the true time is not earlier.
    """

    mono_ms: int
    utc_ms: int
    trust: ClockTrust = ClockTrust.SYNCED
    error_ms: int = 0


@dataclass(frozen=True, slots=True)
class CardClaim:
    """A fob was read; `pin` holds digits that were entered with it, or is empty."""

    card: CardBits
    tier: CardTier
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PinClaim:
    """Digits were entered alone."""

    digits: str

    def __repr__(self) -> str:
        return "PinClaim(digits=…)"


@dataclass(frozen=True, slots=True)
class PassClaim:
    """A code was read; the text is whatever the code said."""

    text: str

    def __repr__(self) -> str:
        return f"PassClaim({len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class GuardClaim:
    """A guard who has signed on at the panel for this shift releases the door."""

    staff: bytes


@dataclass(frozen=True, slots=True)
class FaceClaim:
    """The face worker named a person by their pseudonym, or nobody, and says why not."""

    holder: bytes
    reason: ReasonCode = ReasonCode.GRANTED


Claim = CardClaim | PinClaim | PassClaim | GuardClaim | FaceClaim


class StaffAction(StrEnum):
    """What a signed-on guard can do at the panel besides a single release."""

    SIGN_ON = "sign_on"
    SIGN_OFF = "sign_off"
    RELEASE = "release"
    GIVE_REASON = "give_reason"
    HOLD_OPEN = "hold_open"
    EMERGENCY_HOLD = "emergency_hold"
    END_HOLD = "end_hold"
    LOCKDOWN = "lockdown"
    END_LOCKDOWN = "end_lockdown"
    CLEAR_TAMPER = "clear_tamper"
    RESET_FIRE = "reset_fire"


@dataclass(frozen=True, slots=True)
class AccessAttempt:
    """One try at one access point.

    `presence_mono_ms` is when the first sign of it was sensed (first finder pattern, first field,
    first key), the start of the time that parity is measured by.
    """

    access_point: str
    method: Method
    claim: Claim
    presence_mono_ms: int
    adapter_kind: AdapterKind


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an attempt was authenticated as, without how.

    `levels` names access levels. `carries_right`: a signed pass is itself the right to pass at this
    gate unit. `visitor` has no claim on the door during a lockdown. `durable_first` asks that the
    decision be on disk before the door moves, because a use is consumed. `released` marks a release
    by staff (`actor`), which needs no access level.
    """

    holder: bytes
    credential: bytes
    levels: tuple[str, ...] = ()
    longer_opening: bool = False
    carries_right: bool = False
    visitor: bool = False
    durable_first: bool = False
    released: bool = False
    duress: bool = False
    actor: bytes = b""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an attempt was not authenticated; a registered one that was refused is named.

    `note` is a detail for the manager, such as an unknown card's bits; it is personal.
    """

    reason: ReasonCode
    holder: bytes = b""
    credential: bytes = b""
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of an attempt; `unlock_ms` is 0 where nothing is unlocked.

    `remark` is something about a grant that has to be recorded beside it, such as a soft
    anti-passback misfit.
    """

    outcome: Outcome
    reason: ReasonCode
    unlock_ms: int = 0
    durable_first: bool = False
    remark: ReasonCode | None = None
