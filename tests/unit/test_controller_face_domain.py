from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller.domain.consent import (
    Band,
    Channel,
    ConsentEnd,
    Given,
    Wish,
    WishFacts,
    band_of,
    check_given,
    check_wish,
    term_end,
)
from controller.domain.erasure import (
    ALARM_MS,
    BREACH_MS,
    GateErasure,
    How,
    closes_as_lost,
    is_answered_by,
    progress_of,
    reason_for,
)
from controller.domain.face_switch import COMPOUND, ap_scope, gate_scope, is_on
from controller.domain.moment import DAY_MS, HOUR_MS
from controller.domain.people import HolderKind
from controller.domain.roles import Actor
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

NOW = 1_795_000_000_000
ME, PARENT = b"me------", b"parent--"
MANAGER = Actor(b"manager-", Role.MANAGER)
ADULT = WishFacts(
    NOW, HolderKind.RESIDENT, lives_here=True, band=Band.ADULT, has_way=True, is_ready_there=True
)
CHILD = replace(ADULT, band=Band.UNDER_14, guardians=frozenset({PARENT}), under_14_rules="SR-1")
GIVEN = Given(
    at_ms=NOW,
    reserved_from_ms=NOW - HOUR_MS,
    reserved_until_ms=NOW + DAY_MS,
    ended_at_ms=None,
    guardian_needed=False,
    guardian_agreed_at_ms=None,
    notice_version="v1",
    notice_in_force="v1",
    lives_here=True,
    is_own_credential=True,
)


@pytest.mark.parametrize(
    ("today", "band"),
    [
        ("2004-05-03", Band.UNDER_14),
        ("2004-05-04", Band.MINOR),
        ("2008-05-03", Band.MINOR),
        ("2008-05-04", Band.ADULT),
    ],
)
def test_E10_a_birthday_on_the_day_summer_time_began_counts_by_its_date(
    today: str, band: Band
) -> None:
    # Shanghai's clocks went forward on 1986-05-04 and 1990-04-15; a birth date has no clock.
    assert band_of("2008-05-04", date.fromisoformat(today)) is band


def test_E10_bands_change_on_the_date_of_every_birthday_from_1986_to_1991() -> None:
    born = date(1986, 1, 1)
    while born < date(1992, 1, 1):
        adult_from = _on(born, 18).isoformat()
        assert band_of(adult_from, _on(born, 14) - timedelta(1)) is Band.UNDER_14
        assert band_of(adult_from, _on(born, 14)) is Band.MINOR
        assert band_of(adult_from, _on(born, 18) - timedelta(1)) is Band.MINOR
        assert band_of(adult_from, _on(born, 18)) is Band.ADULT
        born += timedelta(1)


def _on(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


@pytest.mark.parametrize(
    ("given_on", "adult_from", "ends"),
    [
        (date(2026, 11, 18), "", date(2027, 11, 18)),
        (date(2028, 2, 29), "", date(2029, 3, 1)),
        (date(2026, 11, 18), "2027-02-01", date(2027, 2, 1)),
        (date(2026, 11, 18), "2031-02-01", date(2027, 2, 1)),
        (date(2026, 11, 18), "2040-01-01", date(2027, 11, 18)),
        (date(2026, 11, 18), "2000-01-01", date(2027, 11, 18)),
    ],
)
def test_a_consent_ends_after_a_year_or_at_the_14th_or_18th_birthday(
    given_on: date, adult_from: str, ends: date
) -> None:
    assert term_end(given_on, adult_from) == ends


def code(wish: Wish, facts: WishFacts) -> ReasonCode | None:
    refusal = check_wish(wish, facts)
    return refusal.code if refusal is not None else None


def test_only_the_person_wishes_and_only_a_guardian_for_a_child_under_14() -> None:
    own, parent = Actor(ME), Actor(PARENT)
    minor = replace(CHILD, band=Band.MINOR)
    assert code(Wish(ME, own), ADULT) is None
    assert code(Wish(ME, own), minor) is None
    assert code(Wish(ME, parent), CHILD) is None
    assert code(Wish(ME, parent), ADULT) is ReasonCode.NOT_ALLOWED
    assert code(Wish(ME, parent), minor) is ReasonCode.NOT_ALLOWED
    assert code(Wish(ME, own), CHILD) is ReasonCode.NOT_ALLOWED
    for role in Role:
        for facts in (ADULT, minor, CHILD):
            assert code(Wish(ME, Actor(b"staff---", role)), facts) is ReasonCode.NOT_ALLOWED
            # Staff who live here wish as residents, not by their role.
            assert code(Wish(ME, Actor(ME, role)), facts) is ReasonCode.NOT_ALLOWED


def test_J10_under_14_is_off_by_default_on_paper_too() -> None:
    facts = replace(CHILD, under_14_rules="")
    paper = Wish(ME, MANAGER, Channel.PAPER, b"h" * 32, b"witness-")
    assert code(Wish(ME, Actor(PARENT)), facts) is ReasonCode.TOO_YOUNG
    assert code(paper, facts) is ReasonCode.TOO_YOUNG
    assert code(paper, CHILD) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(ADULT, kind=HolderKind.VISITOR), ReasonCode.NOT_ALLOWED),
        (replace(ADULT, lives_here=False), ReasonCode.NOT_ALLOWED),
        (replace(ADULT, has_way=False), ReasonCode.CREDENTIAL_NEEDED),
        (replace(ADULT, is_ready_there=False), ReasonCode.FACE_NOT_PREPARED),
    ],
)
def test_what_must_hold_before_a_wish(facts: WishFacts, expected: ReasonCode) -> None:
    assert code(Wish(ME, Actor(ME)), facts) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GIVEN, None),
        (replace(GIVEN, at_ms=NOW + DAY_MS), ReasonCode.RESERVATION_MISSING),
        (replace(GIVEN, at_ms=NOW - DAY_MS), ReasonCode.RESERVATION_MISSING),
        (replace(GIVEN, ended_at_ms=NOW + 5), ReasonCode.CONSENT_WITHDRAWN),
        (replace(GIVEN, lives_here=False), ReasonCode.MOVED_OUT),
        (replace(GIVEN, is_own_credential=False), ReasonCode.UNKNOWN_CREDENTIAL),
        (replace(GIVEN, notice_in_force="v2"), ReasonCode.NOTICE_CHANGED),
        (replace(GIVEN, guardian_needed=True), ReasonCode.GUARDIAN_MISSING),
        (replace(GIVEN, guardian_needed=True, guardian_agreed_at_ms=NOW), None),
    ],
)
def test_when_a_yes_counts(given: Given, expected: ReasonCode | None) -> None:
    refusal = check_given(given)
    assert (refusal.code if refusal else None) is expected
    assert refusal is None or (refusal.rule and refusal.article)


def test_a_switch_counts_where_it_is_thrown() -> None:
    everywhere = [("g1", "a1"), ("g1", "a2"), ("g2", "b1")]

    def still_on(scope: str) -> list[tuple[str, str]]:
        return [place for place in everywhere if is_on({scope: False}, *place)]

    assert still_on(COMPOUND) == []
    assert still_on(gate_scope("g1")) == [("g2", "b1")]
    assert still_on(ap_scope("a1")) == [("g1", "a2"), ("g2", "b1")]
    assert all(is_on({COMPOUND: True}, *place) for place in everywhere)
    assert all(is_on({}, *place) for place in everywhere)


def test_a_request_is_done_when_no_gate_is_outstanding() -> None:
    done = GateErasure("g1", How.RECEIPT, NOW)
    lost = GateErasure("g2", How.GATE_LOST, NOW)
    waits = GateErasure("g3")
    assert progress_of((done, lost), NOW, NOW + BREACH_MS).is_closed
    progress = progress_of((done, waits, lost), NOW, NOW + ALARM_MS - 1)
    assert (progress.outstanding, progress.is_late) == (("g3",), False)
    assert progress_of((waits,), NOW, NOW + ALARM_MS).is_late
    assert not progress_of((waits,), NOW, NOW + BREACH_MS - 1).is_breach
    assert progress_of((waits,), NOW, NOW + BREACH_MS).is_breach
    assert not progress_of((done,), NOW, NOW + BREACH_MS).is_late


def test_a_receipt_answers_by_its_number_or_by_its_time() -> None:
    request = bytes(range(16))
    assert is_answered_by(request, NOW, request.hex(), NOW - DAY_MS)
    assert is_answered_by(request, NOW, "at_gate", NOW)
    assert not is_answered_by(request, NOW, "at_gate", NOW - 1)
    assert not is_answered_by(request, NOW, "00" * 16, NOW - 1)


def test_a_gate_is_lost_when_its_key_is_revoked_and_no_lease_can_stand() -> None:
    day = 24 * HOUR_MS
    assert not closes_as_lost(None, NOW, NOW + 400 * DAY_MS)
    assert not closes_as_lost(NOW + HOUR_MS, NOW, NOW + day - 1)
    assert closes_as_lost(NOW + HOUR_MS, NOW, NOW + day)
    assert not closes_as_lost(NOW + 2 * day, NOW, NOW + day)
    assert closes_as_lost(NOW - 2 * day, NOW, NOW)


def test_gates_are_told_why_and_never_of_a_death() -> None:
    told = {end: reason_for(end) for end in ConsentEnd}
    assert told[ConsentEnd.DEATH] is told[ConsentEnd.MOVED_OUT] is ReasonCode.MOVED_OUT
    assert told[ConsentEnd.ORDER] is ReasonCode.COURT_ORDER
    assert told[ConsentEnd.WITHDRAWN] is ReasonCode.CONSENT_WITHDRAWN
