"""Decide whether a credential may be ended, by whom and with what.

Rules (DESIGN §9), checked in this order:

CR-02  arrears are no reason, whoever asks (Civil Code Art. 944(3));
CR-03  a holder ends own access, a guardian a child's, any adult of a household its shared passes
       and a host his own guests'; nobody ends another adult's (PIPL Art. 44);
CR-06  an order needs its reference on record;
CR-01  staff cannot end a current resident's last lasting non-biometric credential without issuing
       another in the same act, save by move-out or a recorded order (Hangzhou Property Management
       Regulations Art. 50(2)); a loss always issues a standing paper pass in the same act.
"""

from dataclasses import dataclass

from controller.domain.credentials import Credential, EndReason
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor, staff_may
from mqtt.contract.reasons import ReasonCode

__all__ = ["EndFacts", "EndPlan", "EndRequest", "ends_with_right", "plan_end"]

_FREE_OF_LAST = frozenset({EndReason.MOVE_OUT, EndReason.ORDER, EndReason.LEAVER})
_ISSUES_PAPER = frozenset({EndReason.LOST, EndReason.DAMAGED})
_ARTICLE_50 = "Hangzhou Property Management Regulations Art. 50(2)"


@dataclass(frozen=True, slots=True)
class EndRequest:
    """Who wants to end what, why, and whether another one is issued in the same act."""

    credential: Credential
    actor: Actor
    reason: EndReason
    with_replacement: bool = False
    order_reference: str = ""


@dataclass(frozen=True, slots=True)
class EndFacts:
    """What the rules need to know about the credential's holder at `now_ms`.

    `others` are the holder's other credentials, `guardians` stay empty for an adult,
    `household_adults` are the adults of the dwelling that owns the pass.
    """

    now_ms: int
    lives_here: bool
    right_until_ms: int | None
    others: tuple[Credential, ...] = ()
    guardians: frozenset[bytes] = frozenset()
    household_adults: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class EndPlan:
    """The end is allowed; `issues_paper` says that a standing pass is issued in the same act."""

    issues_paper: bool = False


def plan_end(request: EndRequest, facts: EndFacts) -> EndPlan | Refusal:
    """Return what ending this credential takes, or why it is refused."""
    if request.reason is EndReason.ARREARS:
        return Refusal(ReasonCode.ARREARS, "CR-02", "Civil Code Art. 944(3)")
    if not _may_act(request, facts):
        return Refusal(ReasonCode.NOT_ALLOWED, "CR-03", "PIPL Art. 44")
    if request.reason is EndReason.ORDER and not request.order_reference.strip():
        return Refusal(ReasonCode.REASON_REQUIRED, "CR-06", detail="order_reference")
    if not _is_last(request.credential, facts) or request.with_replacement:
        return EndPlan()
    if request.reason in _FREE_OF_LAST:
        return EndPlan()
    if request.reason in _ISSUES_PAPER:
        return EndPlan(issues_paper=True)
    if request.actor.role is not None:
        return Refusal(ReasonCode.LAST_CREDENTIAL, "CR-01", _ARTICLE_50)
    return EndPlan()


def _may_act(request: EndRequest, facts: EndFacts) -> bool:
    credential, actor = request.credential, request.actor
    if actor.role is not None:
        act = Act.REPORT_LOST if request.reason in _ISSUES_PAPER else Act.END_CREDENTIAL
        return staff_may(actor.role, act)
    if credential.dwelling is not None:
        if credential.host is not None:
            return actor.id == credential.host
        return actor.id in facts.household_adults
    return actor.id == credential.holder or actor.id in facts.guardians


def _is_last(credential: Credential, facts: EndFacts) -> bool:
    if not facts.lives_here or credential.dwelling is not None:
        return False
    if not credential.works(facts.now_ms):
        return False
    return not any(
        other.is_lasting(facts.now_ms, facts.right_until_ms)
        for other in facts.others
        if other.id != credential.id
    )


def ends_with_right(
    leaving: bytes,
    dwelling: int,
    credentials: tuple[Credential, ...],
    now_ms: int,
    *,
    has_other_home: bool,
    leaves_empty: bool,
) -> tuple[Credential, ...]:
    """Return what ends at once when `leaving` loses the right to live in `dwelling`.

    Own credentials end unless another home here remains; passes of own guests end; passes that the
    household owns end with its last adult (acceptance case I11).
    """

    def ends(credential: Credential) -> bool:
        if not credential.works(now_ms):
            return False
        if credential.dwelling is None:
            return credential.holder == leaving and not has_other_home
        return credential.dwelling == dwelling and (leaves_empty or credential.host == leaving)

    return tuple(credential for credential in credentials if ends(credential))
