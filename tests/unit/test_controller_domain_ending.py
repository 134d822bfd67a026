from dataclasses import replace

import pytest

from controller.domain.credentials import Carrier, Credential, EndReason
from controller.domain.ending import EndFacts, EndPlan, EndRequest, ends_with_right, plan_end
from controller.domain.moment import DAY_MS
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

NOW = 1_795_000_000_000
ME, OTHER, CHILD = b"me------", b"other---", b"child---"
MANAGER = Actor(b"manager-", Role.MANAGER)
GUARD = Actor(b"guard---", Role.GUARD)
FOB = Credential(b"fob-----", ME, Carrier.FOB, NOW - DAY_MS, NOW + 900 * DAY_MS)
PAPER = Credential(b"paper---", ME, Carrier.PAPER, NOW - DAY_MS, NOW + 700 * DAY_MS)
ALONE = EndFacts(NOW, lives_here=True, right_until_ms=None, others=(FOB,))
WITH_PAPER = replace(ALONE, others=(FOB, PAPER))


def code(request: EndRequest, facts: EndFacts) -> ReasonCode | None:
    planned = plan_end(request, facts)
    return planned.code if isinstance(planned, Refusal) else None


@pytest.mark.parametrize(
    "reason",
    [EndReason.MISUSE, EndReason.RETURNED, EndReason.MOVED, EndReason.REPLACED],
)
def test_staff_cannot_end_the_last_one(reason: EndReason) -> None:
    assert code(EndRequest(FOB, MANAGER, reason), ALONE) is ReasonCode.LAST_CREDENTIAL
    assert plan_end(EndRequest(FOB, MANAGER, reason), WITH_PAPER) == EndPlan()
    assert plan_end(EndRequest(FOB, MANAGER, reason, with_replacement=True), ALONE) == EndPlan()


def test_a_refusal_names_rule_and_article() -> None:
    refusal = plan_end(EndRequest(FOB, MANAGER, EndReason.MISUSE), ALONE)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "CR-01"
    assert "Art. 50(2)" in refusal.article
    assert refusal.as_error().rule == "CR-01"


def test_move_out_and_a_recorded_order_are_the_exceptions() -> None:
    assert plan_end(EndRequest(FOB, MANAGER, EndReason.MOVE_OUT), ALONE) == EndPlan()
    order = EndRequest(FOB, MANAGER, EndReason.ORDER)
    assert code(order, ALONE) is ReasonCode.REASON_REQUIRED
    assert code(replace(order, order_reference="  "), ALONE) is ReasonCode.REASON_REQUIRED
    assert plan_end(replace(order, order_reference="(2026)浙01民初1号"), ALONE) == EndPlan()


@pytest.mark.parametrize("actor", [MANAGER, GUARD, Actor(ME)])
def test_arrears_are_no_reason_for_anybody(actor: Actor) -> None:
    request = EndRequest(FOB, actor, EndReason.ARREARS, with_replacement=True)
    assert code(request, WITH_PAPER) is ReasonCode.ARREARS


@pytest.mark.parametrize("actor", [MANAGER, GUARD, Actor(ME)])
def test_a_lost_last_one_brings_a_paper_pass(actor: Actor) -> None:
    assert plan_end(EndRequest(FOB, actor, EndReason.LOST), ALONE) == EndPlan(issues_paper=True)
    assert plan_end(EndRequest(FOB, actor, EndReason.LOST), WITH_PAPER) == EndPlan()


def test_a_slip_or_a_soon_ended_pass_is_nothing_to_rely_on() -> None:
    slip = replace(PAPER, carrier=Carrier.SLIP)
    soon = replace(PAPER, valid_until_ms=NOW + 29 * DAY_MS)
    future = replace(PAPER, valid_from_ms=NOW + DAY_MS)
    ended = replace(PAPER, ended_at_ms=NOW - 1)
    for other in (slip, soon, future, ended):
        facts = replace(ALONE, others=(FOB, other))
        request = EndRequest(FOB, MANAGER, EndReason.MISUSE)
        assert code(request, facts) is ReasonCode.LAST_CREDENTIAL, other


def test_a_pass_as_long_as_the_tenancy_is_enough() -> None:
    until = NOW + 10 * DAY_MS
    facts = replace(ALONE, right_until_ms=until, others=(FOB, replace(PAPER, valid_until_ms=until)))
    assert plan_end(EndRequest(FOB, MANAGER, EndReason.MISUSE), facts) == EndPlan()


def test_no_adult_ends_another_adults_access() -> None:
    for reason in (EndReason.LOST, EndReason.HOLDER_WISH, EndReason.HOUSEHOLD_WISH):
        facts = replace(WITH_PAPER, household_adults=frozenset({ME, OTHER}))
        assert code(EndRequest(FOB, Actor(OTHER), reason), facts) is ReasonCode.NOT_ALLOWED


def test_either_guardian_blocks_a_childs_fob() -> None:
    fob = replace(FOB, holder=CHILD)
    facts = replace(ALONE, others=(fob,), guardians=frozenset({ME, OTHER}))
    for guardian in (ME, OTHER):
        request = EndRequest(fob, Actor(guardian), EndReason.GUARDIAN_WISH)
        assert plan_end(request, facts) == EndPlan()
    stranger = EndRequest(fob, Actor(b"stranger"), EndReason.LOST)
    assert code(stranger, facts) is ReasonCode.NOT_ALLOWED


def test_the_holder_may_give_up_his_own_last_one() -> None:
    assert plan_end(EndRequest(FOB, Actor(ME), EndReason.HOLDER_WISH), ALONE) == EndPlan()


def test_a_guard_takes_losses_and_ends_nothing_else() -> None:
    assert code(EndRequest(FOB, GUARD, EndReason.MISUSE), WITH_PAPER) is ReasonCode.NOT_ALLOWED
    inspector = Actor(b"inspect-", Role.INSPECTOR)
    assert code(EndRequest(FOB, inspector, EndReason.LOST), WITH_PAPER) is ReasonCode.NOT_ALLOWED


def test_a_household_pass_ends_by_any_adult_of_it_and_a_guest_by_the_host() -> None:
    carer = Credential(b"carer---", b"visitor-", Carrier.VISITOR, NOW, NOW + DAY_MS, dwelling=7)
    facts = EndFacts(
        NOW, lives_here=False, right_until_ms=0, household_adults=frozenset({ME, OTHER})
    )
    wish = EndReason.HOUSEHOLD_WISH
    assert plan_end(EndRequest(carer, Actor(OTHER), wish), facts) == EndPlan()
    assert code(EndRequest(carer, Actor(CHILD), wish), facts) is ReasonCode.NOT_ALLOWED
    guest = replace(carer, host=ME)
    assert plan_end(EndRequest(guest, Actor(ME), wish), facts) == EndPlan()
    assert code(EndRequest(guest, Actor(OTHER), wish), facts) is ReasonCode.NOT_ALLOWED


def test_what_ends_with_the_right_to_live_here() -> None:
    guest = Credential(b"guest---", b"v", Carrier.VISITOR, NOW, NOW + DAY_MS, None, 7, ME)
    shared = replace(guest, id=b"shared--", host=None)
    elsewhere = replace(guest, id=b"else----", dwelling=8)
    old = replace(FOB, id=b"old-----", valid_until_ms=NOW)
    everything = (FOB, PAPER, guest, shared, elsewhere, old)

    def ids(*, has_other_home: bool, leaves_empty: bool) -> set[bytes]:
        ending = ends_with_right(
            ME, 7, everything, NOW, has_other_home=has_other_home, leaves_empty=leaves_empty
        )
        return {credential.id for credential in ending}

    assert ids(has_other_home=False, leaves_empty=True) == {
        FOB.id, PAPER.id, guest.id, shared.id
    }  # fmt: skip
    assert ids(has_other_home=False, leaves_empty=False) == {FOB.id, PAPER.id, guest.id}
    assert ids(has_other_home=True, leaves_empty=False) == {guest.id}
