from edge.workers.qr.budget import Allowance, BudgetSpec, Presentation, TextFilter


def test_allowance_saves_one_second_and_works_off_debt() -> None:
    allowance = Allowance(400.0)
    assert allowance.has(0.0)
    allowance.spend(600.0)
    assert not allowance.has(0.0)
    assert not allowance.has(400.0)
    assert allowance.has(600.0)
    assert allowance.has(60_000.0, 400.0)
    assert not allowance.has(60_000.0, 401.0)


def test_allowance_is_unmoved_by_a_clock_that_goes_back() -> None:
    allowance = Allowance(10.0)
    assert allowance.has(5000.0)
    allowance.spend(10.0)
    assert not allowance.has(1000.0)


def test_one_text_in_view_is_one_report() -> None:
    texts = TextFilter(BudgetSpec())
    assert texts.admit("a", 0.0) is True
    # Thirty frames a second for a minute.
    assert not any(texts.admit("a", index * 33.0) for index in range(1, 1800))
    assert texts.admit("b", 1800 * 33.0) is True
    assert texts.admit("a", 1800 * 33.0 + 999) is True


def test_text_taken_away_for_a_second_is_shown_anew() -> None:
    texts = TextFilter(BudgetSpec())
    assert texts.admit("a", 0.0) is True
    assert texts.admit("a", 999.0) is False
    assert texts.admit("a", 1999.0) is True


def test_flood_of_texts_is_bounded_per_second() -> None:
    texts = TextFilter(BudgetSpec(texts_per_s=8))
    told = [texts.admit(index, index * 1000 / 60) for index in range(600)]
    assert told[:8] == [True] * 8
    # 60 a second for 10 s: 8 saved up and 8 a second.
    assert 80 <= told.count(True) <= 88
    assert told.count(False) == 0


def test_text_over_budget_is_reported_when_there_is_room() -> None:
    texts = TextFilter(BudgetSpec(texts_per_s=1))
    assert texts.admit("a", 0.0) is True
    assert texts.admit("b", 10.0) is None
    assert not texts.has_room(10.0)
    assert texts.has_room(1100.0)
    assert texts.admit("b", 1100.0) is True


def test_forgotten_text_counts_again() -> None:
    texts = TextFilter(BudgetSpec())
    assert texts.admit("a", 0.0) is True
    texts.forget()
    assert texts.admit("a", 1.0) is True


def test_presentation_starts_with_the_first_sight_of_a_code() -> None:
    shown = Presentation(1000.0)
    assert not shown.is_on(0.0)
    assert shown.note(100.0)
    assert not shown.note(600.0)
    assert shown.is_on(1500.0)
    assert shown.claim(900.0) == 100.0


def test_next_persons_code_starts_its_own_clock() -> None:
    shown = Presentation(1000.0)
    shown.note(100.0)
    assert shown.claim(200.0) == 100.0
    shown.note(800.0)
    assert shown.claim(800.0) == 800.0
    assert shown.note(3000.0)
    assert shown.claim(3100.0) == 3000.0


def test_ended_presentation_begins_anew() -> None:
    shown = Presentation(1000.0)
    shown.note(100.0)
    shown.end()
    assert not shown.is_on(101.0)
    assert shown.note(101.0)
