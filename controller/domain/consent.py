"""Decide who may ask to opt in to face, what makes a consent, and how long it lasts.

A request from a page or a sheet of paper only reserves. A consent comes into being at the gate, by
the person's own fob or pass and a yes; what is decided here is whether the gate's signed event of
that yes counts. Nothing here reads or changes a credential, a level or a schedule.

CO-03  only the person; for somebody under 18 a guardian too; staff, votes and signs create nothing
       (PIPL Art. 14, 29);
CO-04  one notice and its hash; a new one needs a new consent (PIPL Art. 14);
CO-05  at most 12 months (ours; 法释〔2021〕15号 Art. 11 refuses unlimited terms);
CO-07  after a no nobody asks again for 180 days (ours);
MI-01  off under 14 unless the site has rules of its own (PIPL Art. 31), then asked by a guardian;
MI-02  the guardian's separate consent under 18;
NS-07  a working non-biometric credential comes first (PIPL Art. 16);
NS-08  visitors, couriers and staff are not offered face (Order 19 Art. 4).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from controller.domain.moment import DAY_MS
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor, staff_may
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ASK_AGAIN_MS",
    "RESERVED_MS",
    "Band",
    "Channel",
    "ConsentEnd",
    "Given",
    "Wish",
    "WishFacts",
    "ask_again_from_ms",
    "band_of",
    "check_given",
    "check_wish",
    "needs_guardian",
    "term_end",
]

RESERVED_MS = 30 * DAY_MS
"""How long a wish waits for the person to come to the gate."""
ASK_AGAIN_MS = 180 * DAY_MS
_CHILD_AGE_YEARS = 14
_ADULT_AGE_YEARS = 18
_ARTICLE_CONSENT = "PIPL Art. 14, 29; Order 19 Art. 6"
_ARTICLE_CHILD = "PIPL Art. 31; Order 19 Art. 7"


class Band(StrEnum):
    """The age band on a day; nothing finer is kept with a consent (rule MI-03)."""

    UNDER_14 = "under_14"
    MINOR = "14_17"
    ADULT = "adult"


class Channel(StrEnum):
    """How a wish was made; the consent itself is always given at the gate."""

    PAGE = "page"
    PAPER = "paper"


class ConsentEnd(StrEnum):
    """Why a consent, or a wish, is over."""

    TAKEN = "taken"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REPLACED = "replaced"
    NOTICE_CHANGED = "notice_changed"
    MOVED_OUT = "moved_out"
    DEATH = "death"
    ORDER = "order"
    FACE_REMOVED = "face_removed"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants whose face reserved, and how. `witness` is the second member of staff for paper."""

    holder: bytes
    actor: Actor
    channel: Channel = Channel.PAGE
    paper_hash: bytes = b""
    witness: bytes = b""


@dataclass(frozen=True, slots=True)
class WishFacts:
    """What the rules need to know about the person at `now_ms`.

    `has_way` tells whether a non-biometric credential of the person works at every access point
    asked for; `is_ready_there` whether face is prepared at all of them; `declined_at_ms` is the
    last no. `under_14_rules` names the site's own rules for children, or is empty.
    """

    now_ms: int
    kind: HolderKind
    lives_here: bool
    band: Band
    has_way: bool
    is_ready_there: bool
    guardians: frozenset[bytes] = frozenset()
    declined_at_ms: int | None = None
    under_14_rules: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A yes at a gate, in UTC ms, and the reservation that it answers."""

    at_ms: int
    reserved_from_ms: int
    reserved_until_ms: int
    ended_at_ms: int | None
    guardian_needed: bool
    guardian_agreed_at_ms: int | None
    notice_version: str
    notice_in_force: str
    lives_here: bool
    is_own_credential: bool


def band_of(adult_from: str, today: date) -> Band:
    """Return the age band on a day; `adult_from` is the 18th birthday, empty for an adult.

    Dates only, without any zone: historic summer times move no birthday (acceptance case E10).
    """
    if not adult_from or today >= date.fromisoformat(adult_from):
        return Band.ADULT
    return Band.UNDER_14 if today < _fourteenth(adult_from) else Band.MINOR


def needs_guardian(band: Band) -> bool:
    """Tell whether the guardian's own consent is needed as well (rules MI-01, MI-02)."""
    return band is not Band.ADULT


def term_end(given_on: date, adult_from: str) -> date:
    """Return the first day without consent: 12 months on, or the 14th or 18th birthday before."""
    ends = _years_on(given_on, 1)
    match band_of(adult_from, given_on):
        case Band.UNDER_14:
            return min(ends, _fourteenth(adult_from))
        case Band.MINOR:
            return min(ends, date.fromisoformat(adult_from))
        case _:
            return ends


def ask_again_from_ms(declined_at_ms: int | None) -> int:
    """Return from when somebody who said no may be asked again, in UTC ms; 0 for at once."""
    return 0 if declined_at_ms is None else declined_at_ms + ASK_AGAIN_MS


def check_wish(wish: Wish, facts: WishFacts) -> Refusal | None:
    """Return why nothing can be reserved, or None."""
    if facts.kind is not HolderKind.RESIDENT or not facts.lives_here:
        return Refusal(ReasonCode.NOT_ALLOWED, "NS-08", "Order 19 Art. 4")
    refusal = _check_actor(wish, facts)
    if refusal is not None:
        return refusal
    if facts.band is Band.UNDER_14 and not facts.under_14_rules:
        return Refusal(ReasonCode.TOO_YOUNG, "MI-01", _ARTICLE_CHILD)
    if wish.actor.id != wish.holder and facts.now_ms < ask_again_from_ms(facts.declined_at_ms):
        return Refusal(ReasonCode.CONSENT_DECLINED, "CO-07", "Network Data Regulations Art. 22")
    if not facts.is_ready_there:
        return Refusal(ReasonCode.FACE_NOT_PREPARED, "NS-09", "Order 19 Art. 5, 9")
    if not facts.has_way:
        return Refusal(ReasonCode.CREDENTIAL_NEEDED, "NS-07", "PIPL Art. 16; Order 19 Art. 10")
    return None


def _check_actor(wish: Wish, facts: WishFacts) -> Refusal | None:
    if wish.channel is Channel.PAPER:
        return _check_paper(wish)
    own = wish.actor.role is None and wish.actor.id == wish.holder
    if facts.band is Band.UNDER_14:
        allowed = wish.actor.role is None and wish.actor.id in facts.guardians
    else:
        allowed = own
    return None if allowed else Refusal(ReasonCode.NOT_ALLOWED, "CO-03", _ARTICLE_CONSENT)


def _check_paper(wish: Wish) -> Refusal | None:
    """Paper needs the hash of the signed sheet and two members of staff who saw it."""
    role = wish.actor.role
    if role is None or not staff_may(role, Act.PREPARE_CONSENT):
        return Refusal(ReasonCode.ROLE_NOT_ALLOWED, "CO-03", _ARTICLE_CONSENT)
    if not wish.paper_hash or wish.witness in {b"", wish.actor.id}:
        return Refusal(ReasonCode.SECOND_PERSON_MISSING, "CO-03", _ARTICLE_CONSENT)
    return None


def check_given(given: Given) -> Refusal | None:
    """Return why a yes at a gate makes no consent, or None; the gate then erases what it took."""
    if not given.reserved_from_ms <= given.at_ms < given.reserved_until_ms:
        return Refusal(ReasonCode.RESERVATION_MISSING, "CO-03", _ARTICLE_CONSENT)
    if given.ended_at_ms is not None:
        return Refusal(ReasonCode.CONSENT_WITHDRAWN, "CO-03", "PIPL Art. 15")
    if not given.lives_here:
        return Refusal(ReasonCode.MOVED_OUT, "WD-05", "PIPL Art. 47")
    if not given.is_own_credential:
        return Refusal(ReasonCode.UNKNOWN_CREDENTIAL, "CO-03", _ARTICLE_CONSENT)
    if given.notice_version != given.notice_in_force:
        return Refusal(ReasonCode.NOTICE_CHANGED, "CO-04", "PIPL Art. 14")
    if given.guardian_needed and given.guardian_agreed_at_ms is None:
        return Refusal(ReasonCode.GUARDIAN_MISSING, "MI-02", _ARTICLE_CHILD)
    return None


def _fourteenth(adult_from: str) -> date:
    return _years_on(date.fromisoformat(adult_from), _CHILD_AGE_YEARS - _ADULT_AGE_YEARS)


def _years_on(day: date, years: int) -> date:
    """Move a date by whole years; 29 February becomes 1 March, for a birthday the later day.

    A term of 12 months from 29 February then ends on 1 March, the day after its last full day.
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
