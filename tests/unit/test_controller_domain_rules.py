from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from controller.domain.access import (
    check_day,
    check_grants,
    check_schedule,
    days_from_bits,
    days_to_bits,
    windows_name,
)
from controller.domain.cards import CARD_FORMATS, Card, card_for, fits, format_bits
from controller.domain.gates import check_access_point, check_portal
from controller.domain.keys import (
    AHEAD_MS,
    SIGNS_FOR_MS,
    SITE_SCOPES,
    SiteKey,
    missing,
    signing_key,
)
from controller.domain.local_time import day_bounds_ms, local_date, local_text
from controller.domain.moment import DAY_MS
from controller.domain.passes import (
    VisitorTerms,
    check_slip,
    check_visitor,
    phone_windows,
    successor_is_due,
)
from controller.domain.people import Relation, Residence, is_child, mask_dwelling, right_until
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor, may_see, staff_may
from mqtt.contract.events import Direction, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    AccessPointRecord,
    GrantRecord,
    KeyScope,
    PortalRecord,
    Role,
    ScheduleRecord,
    WindowRecord,
)

W26, W34 = CARD_FORMATS[0], CARD_FORMATS[1]


def test_A09_a_card_of_29_bits_does_not_fit_26() -> None:
    refusal = fits(388_575_490, [W26])
    assert refusal is not None
    assert (refusal.code, refusal.detail) == (ReasonCode.DOES_NOT_FIT, "does not fit 26 bits")
    assert fits(388_575_490, [W34]) is None
    assert card_for(388_575_490, None, [W26, W34]) == Card(388_575_490, 32)
    assert card_for(5_566_453, None, [W26, W34]) == Card(5_566_453, 24)


@pytest.mark.parametrize(
    ("number", "length"), [(-1, None), (1 << 32, None), (5, 56), (1 << 24, 24)]
)
def test_cards_that_no_reader_there_reports(number: int, length: int | None) -> None:
    assert isinstance(card_for(number, length, [W26, W34]), Refusal)
    assert isinstance(card_for(number, length, []), Refusal)


def test_a_card_shows_no_number() -> None:
    assert "5566453" not in repr(Card(5_566_453, 32))
    assert format_bits("raw56") is not None
    assert format_bits("raw0") is format_bits("raw129") is format_bits("nonsense") is None


def test_E01_one_instant_has_one_local_date() -> None:
    at_ms = 1_795_363_199_000
    assert local_text(at_ms, "Asia/Shanghai") == "2026-11-22T23:59:59+08:00"
    assert local_date(at_ms, "Asia/Shanghai") == date(2026, 11, 22)
    assert local_date(at_ms, "Asia/Tokyo") == date(2026, 11, 23)
    first, last = day_bounds_ms(date(2026, 11, 22), "Asia/Shanghai")
    assert first <= at_ms < last
    assert last - first == 86_400_000


def test_E10_ages_are_dates_without_a_zone() -> None:
    assert is_child("2026-11-23", date(2026, 11, 22))
    assert not is_child("2026-11-23", date(2026, 11, 23))
    assert not is_child("", date(2026, 11, 22))


@pytest.mark.parametrize(
    ("label", "masked"), [("3-2-502", "3-*-***"), ("502", "*"), ("东-1", "东-*"), ("", "*")]
)
def test_masked_dwellings_keep_the_building_only(label: str, masked: str) -> None:
    assert mask_dwelling(label) == masked


def test_rights_end_with_the_last_residence() -> None:
    home = Residence(b"h", 1, Relation.TENANT, 100, 200)
    assert right_until((home,), 150) == 200
    assert right_until((home,), 200) == right_until((), 1) == 0
    assert right_until((home, Residence(b"h", 2, Relation.OWNER, 0)), 150) is None
    assert right_until((Residence(b"h", 2, Relation.OWNER, 0, None, 120),), 150) == 0


def test_E03_an_all_day_window_has_no_hole_and_faults_are_named() -> None:
    def fault(window: WindowRecord) -> str:
        refusal = check_schedule(ScheduleRecord((window,)))
        return refusal.detail if refusal else ""

    assert fault(WindowRecord((0, 6), 0, 1440)) == ""
    assert fault(WindowRecord((4,), 22 * 60, 6 * 60)) == ""
    assert fault(WindowRecord((), 0, 1)) == "days"
    assert fault(WindowRecord((7,), 0, 1)) == "days"
    assert fault(WindowRecord((1, 1), 0, 1)) == "days repeated"
    assert fault(WindowRecord((1,), 1440, 1)) == "start_min"
    assert fault(WindowRecord((1,), 0, 0)) == "end_min"
    both = check_schedule(ScheduleRecord((WindowRecord((1,), 0, 1),), always=True))
    assert both is not None


def test_grants_and_days_name_what_exists() -> None:
    points, plans = frozenset({"ap-1"}), frozenset({"always"})
    assert check_grants((GrantRecord(("ap-1",), "always"),), points, plans) is None
    for grant in (GrantRecord(("ap-2",), "always"), GrantRecord((), "always")):
        assert check_grants((grant,), points, plans) is not None
    assert check_grants((GrantRecord(("ap-1",), "x"),), points, plans) is not None
    assert check_day("2026-10-01") is None
    assert check_day("2026-13-01") is not None
    assert check_day("20261001") is not None


def test_week_days_pack_into_bits() -> None:
    assert days_to_bits((0, 2, 4)) == 0b10101
    assert days_from_bits(0b10101) == (0, 2, 4)
    windows = (WindowRecord((0, 2, 4), 480, 720),)
    assert windows_name(windows, ("b", "a")) == windows_name(windows, ("a", "b"))
    assert windows_name(windows, ("a",)) != windows_name(windows, ("a", "b"))


def test_D01_limits_of_portals() -> None:
    assert check_portal(PortalRecord()) is None
    for bad in (
        PortalRecord(unlock_ms=999),
        PortalRecord(unlock_ms=60_001, longer_unlock_ms=60_001),
        PortalRecord(unlock_ms=20_000, longer_unlock_ms=12_000),
        PortalRecord(held_warn_ms=9_999),
        PortalRecord(held_warn_ms=70_000),
    ):
        assert check_portal(bad) is not None, bad


def test_face_is_never_the_only_way_in() -> None:
    def refused(*methods: Method) -> ReasonCode | None:
        refusal = check_access_point(AccessPointRecord("p", Direction.IN, methods), ("w34",))
        return refusal.code if refusal else None

    assert refused(Method.FACE) is ReasonCode.FACE_ONLY
    assert refused(Method.FACE, Method.GUARD, Method.PIN) is ReasonCode.FACE_ONLY
    assert refused(Method.FACE, Method.QR) is None
    assert refused(Method.FOB) is None
    point = AccessPointRecord("p", Direction.IN, (Method.FOB,))
    assert check_access_point(point, ()) is not None
    assert check_access_point(point, ("w99",)) is not None


def test_every_role_against_every_act() -> None:
    allowed = {role: {act for act in Act if staff_may(role, act)} for role in Role}
    assert Act.END_CREDENTIAL not in allowed[Role.GUARD] | allowed[Role.INSPECTOR]
    looks = {Act.SEE_GATES, Act.SEE_EVIDENCE, Act.SEE_FACE, Act.SEE_COMPLIANCE}
    assert allowed[Role.INSPECTOR] == looks | {Act.ATTEST, Act.INSPECT}
    assert Act.SEE_HOLDERS not in allowed[Role.GUARD] | allowed[Role.INSTALLER]
    assert allowed[Role.MANAGER] == set(Act) - {Act.SEE_EVIDENCE, Act.INSPECT}


def test_no_adult_sees_another_adults_access() -> None:
    assert may_see(Actor(b"a"), b"a", frozenset())
    assert not may_see(Actor(b"a"), b"b", frozenset())
    assert may_see(Actor(b"a"), b"child", frozenset({b"a"}))
    assert may_see(Actor(b"m", Role.MANAGER), b"b", frozenset())
    assert not may_see(Actor(b"g", Role.GUARD), b"b", frozenset())


def key(scope: KeyScope, start: int, *, withdrawn: bool = False) -> SiteKey:
    until = start + SIGNS_FOR_MS
    return SiteKey(
        bytes([start % 251]) * 8, b"k" * 32, (scope,), start, until, until + 5, withdrawn
    )


def test_keys_rotate_with_two_alive_and_the_older_one_signing() -> None:
    assert set(missing((), 0)) == set(SITE_SCOPES)
    old = key(KeyScope.COMMAND, 0)
    assert KeyScope.COMMAND not in missing((old,), SIGNS_FOR_MS - AHEAD_MS)
    due = SIGNS_FOR_MS - AHEAD_MS + 1
    assert KeyScope.COMMAND in missing((old,), due)
    new = key(KeyScope.COMMAND, due)
    assert KeyScope.COMMAND not in missing((old, new), due)
    assert signing_key((new, old), KeyScope.COMMAND, due) == old
    assert signing_key((new, old), KeyScope.COMMAND, SIGNS_FOR_MS) == new
    assert signing_key((new, old), KeyScope.ACK, due) is None
    assert old.is_believed(SIGNS_FOR_MS + 5)
    assert not old.is_believed(SIGNS_FOR_MS + 6)
    stolen = key(KeyScope.COMMAND, 0, withdrawn=True)
    assert not stolen.is_believed(1)
    assert signing_key((stolen,), KeyScope.COMMAND, 1) is None


def test_a_document_key_signs_only_after_gates_had_time_to_learn_it() -> None:
    scope = KeyScope.DOCUMENT
    assert missing((), 0).count(scope) == 2
    old = replace(key(scope, 0), not_after_ms=400 * DAY_MS)
    made = SIGNS_FOR_MS - DAY_MS
    new = replace(key(scope, made), not_after_ms=500 * DAY_MS)
    assert missing((old, old), made).count(scope) == 2
    assert missing((old, old, new), made).count(scope) == 1
    assert signing_key((old,), scope, 1) == old
    for now in (made, SIGNS_FOR_MS + DAY_MS, made + AHEAD_MS - 1):
        assert signing_key((old, new), scope, now) == old
    assert signing_key((old, new), scope, made + AHEAD_MS) == new
    withdrawn = replace(old, withdrawn=True)
    assert signing_key((withdrawn, new), scope, made) == new


def test_a_phone_page_covers_24_h_without_a_hole() -> None:
    windows = phone_windows(1_795_000_030)
    assert len(windows) == 1441
    assert windows[0][0] <= 1_795_000_030 <= windows[0][1]
    assert windows[-1][1] >= 1_795_000_030 + 86_400 - 1
    assert all(left[1] + 1 == right[0] for left, right in pairwise(windows))


def test_terms_that_a_lone_gate_could_not_keep_are_refused() -> None:
    day = 86_400
    assert check_visitor(VisitorTerms(0, day, 3, 8, "gate-south")) is None
    assert check_visitor(VisitorTerms(0, day, 0)) is None
    for terms in (
        VisitorTerms(0, day, 1),
        VisitorTerms(0, 0, 0),
        VisitorTerms(0, 367 * day, 0),
        VisitorTerms(0, day, 256, 0, "gate-south"),
        VisitorTerms(0, day, 0, 256),
    ):
        assert check_visitor(terms) is not None, terms
    assert check_slip(0, 31 * day) is None
    assert check_slip(0, 31 * day + 1) is not None
    assert check_slip(5, 5) is not None
    assert successor_is_due(100 * day, 70 * day)
    assert not successor_is_due(100 * day, 70 * day - 1)
