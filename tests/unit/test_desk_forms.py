from datetime import date

import pytest

from controller.domain.desk.filing import FILING_AT, WARN_AT, filing_state, working_days_after
from controller.domain.desk.forms import DeskKind, FieldKind, check_answers
from controller.domain.desk.forms_data import all_forms, form_of
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import DayKind

GOOD = {
    FieldKind.SHORT: "一",
    FieldKind.LONG: "长文字",
    FieldKind.DAY: "2026-11-27",
    FieldKind.COUNT: "12",
    FieldKind.MONEY: "0",
}
FEES = {each.name: GOOD[each.kind] for each in form_of(DeskKind.FEES).asked}
NATIONAL_DAY = {
    **{f"2026-10-0{day}": DayKind.HOLIDAY for day in range(1, 8)},
    "2026-10-10": DayKind.WORKDAY,
}


def test_every_form_asks_in_both_languages_and_takes_its_own_answers() -> None:
    for form in all_forms():
        names = [each.name for each in form.asked]
        assert len(set(names)) == len(names)
        assert all(each.zh and each.en and each.zh != each.en for each in form.asked)
        assert check_answers(form, {each.name: GOOD[each.kind] for each in form.asked}) is None
        assert check_answers(form, {}, is_draft=True) is None
        missing = check_answers(form, {})
        assert missing is not None
        assert missing.detail == f"missing: {names[0]}"


def test_the_assessment_has_the_contents_of_order_19_article_9() -> None:
    asked = {each.name for each in form_of(DeskKind.PIPIA).asked}
    assert {"purpose", "voluntary", "errors", "threats", "measures", "residual"} <= asked
    assert form_of(DeskKind.PIPIA).needs_second
    assert form_of(DeskKind.PIPIA).renew_days <= 366


@pytest.mark.parametrize(
    ("name", "said", "detail"),
    [
        ("first_fob", "x", "money: first_fob"),
        ("first_fob", "1.234", "money: first_fob"),
        ("posted", "长" * 201, "short: posted"),
        ("unknown", "x", "unknown: unknown"),
    ],
)
def test_what_is_no_answer_is_named(name: str, said: str, detail: str) -> None:
    found = check_answers(form_of(DeskKind.FEES), FEES | {name: said})
    assert found is not None
    assert (found.code, found.detail) == (ReasonCode.CONFIG_INVALID, detail)


@pytest.mark.parametrize("name", ["first_fob", "paper", "phone", "deposit"])
def test_a_way_that_costs_more_than_face_is_refused(name: str) -> None:
    found = check_answers(form_of(DeskKind.FEES), FEES | {name: "0.50"})
    assert found is not None
    assert (found.code, found.rule, found.detail) == (ReasonCode.FACE_FAVOURED, "EQ-07", name)
    priced = FEES | {"first_fob": "5", "paper": "5.00", "face": "5", "replacement": "20"}
    assert check_answers(form_of(DeskKind.FEES), priced) is None


def test_working_days_know_holidays_and_make_up_days() -> None:
    friday = date(2026, 9, 25)
    assert working_days_after(friday, 3, {}) == date(2026, 9, 30)
    assert working_days_after(friday, 4, NATIONAL_DAY) == date(2026, 10, 8)
    assert working_days_after(friday, 6, NATIONAL_DAY) == date(2026, 10, 10)
    assert working_days_after(friday, 6, {}) == date(2026, 10, 5)


def test_filing_is_due_thirty_working_days_after_the_hundred_thousandth() -> None:
    assert filing_state(WARN_AT - 1, None, {}).warns is False
    assert filing_state(WARN_AT, None, {}).warns is True
    state = filing_state(FILING_AT, date(2026, 11, 2), {})
    assert state.due == date(2026, 12, 14)
