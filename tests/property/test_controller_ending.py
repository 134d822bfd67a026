"""Whatever staff ask, a resident who could rely on a credential still can afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from controller.domain.credentials import Carrier, Credential, EndReason
from controller.domain.ending import EndFacts, EndPlan, EndRequest, ends_with_right, plan_end
from controller.domain.moment import DAY_MS
from controller.domain.roles import Actor
from mqtt.contract.records import Role

NOW = 1_795_000_000_000
ME = b"resident"
EXCEPTIONS = {EndReason.MOVE_OUT, EndReason.ORDER, EndReason.LEAVER}

instants = st.integers(NOW - 60 * DAY_MS, NOW + 900 * DAY_MS)
credentials = st.builds(
    Credential,
    id=st.binary(min_size=8, max_size=8),
    holder=st.just(ME),
    carrier=st.sampled_from(Carrier),
    valid_from_ms=st.integers(NOW - 60 * DAY_MS, NOW + DAY_MS),
    valid_until_ms=instants,
    ended_at_ms=st.none() | st.just(NOW - 1),
)
held = st.lists(credentials, min_size=1, max_size=4, unique_by=lambda each: each.id)
rights = st.none() | st.integers(NOW + 1, NOW + 400 * DAY_MS)
staff = st.sampled_from(Role).map(lambda role: Actor(b"staff---", role))


@given(held, rights, st.data())
def test_staff_never_leave_a_resident_without(
    mine: list[Credential], right_until_ms: int | None, data: st.DataObject
) -> None:
    target, with_replacement = mine[0], data.draw(st.booleans())
    reason = data.draw(st.sampled_from(EndReason))
    order_reference = data.draw(st.text(max_size=3))
    request = EndRequest(target, data.draw(staff), reason, with_replacement, order_reference)
    planned = plan_end(request, EndFacts(NOW, True, right_until_ms, tuple(mine)))
    if not isinstance(planned, EndPlan) or not target.works(NOW) or reason in EXCEPTIONS:
        return
    rest = [each for each in mine[1:] if each.is_lasting(NOW, right_until_ms)]
    assert rest or planned.issues_paper or with_replacement


@given(held, rights, st.sampled_from(EndReason), st.binary(min_size=8, max_size=8))
def test_no_other_adult_ever_ends_anything(
    mine: list[Credential], right_until_ms: int | None, reason: EndReason, other: bytes
) -> None:
    facts = EndFacts(NOW, True, right_until_ms, tuple(mine), household_adults=frozenset({other}))
    planned = plan_end(EndRequest(mine[0], Actor(other), reason), facts)
    assert other == ME or not isinstance(planned, EndPlan)


@given(held, st.booleans())
def test_losing_the_right_leaves_nothing_that_works(
    mine: list[Credential], leaves_empty: bool
) -> None:
    ending = ends_with_right(
        ME, 7, tuple(mine), NOW, has_other_home=False, leaves_empty=leaves_empty
    )
    assert not [each for each in mine if each.works(NOW) and each not in ending]
