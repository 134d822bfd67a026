"""Anti-passback on its own: what fits, what is forgotten (C05, I12)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from edge.domain.antipassback import Fit, judge, last_reset_ms, moved

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * 1_000


def test_going_in_twice_does_not_fit_and_out_and_in_does() -> None:
    inside = moved((), "", "court", 100)
    assert judge(inside, "", "court", 0) is Fit.MISFIT
    assert judge(inside, "court", "", 0) is Fit.FITS
    outside = moved(inside, "court", "", 200)
    assert judge(outside, "", "court", 0) is Fit.FITS
    assert judge(outside, "court", "", 0) is Fit.MISFIT


def test_the_unknown_is_forgiven() -> None:
    assert judge((), "", "court", 0) is Fit.UNKNOWN
    assert judge(moved((), "", "court", 100), "", "court", 101) is Fit.UNKNOWN


def test_zones_are_apart() -> None:
    inside = moved((), "", "court", 100)
    assert judge(inside, "", "garage", 0) is Fit.UNKNOWN
    both = moved(inside, "court", "garage", 200)
    assert judge(both, "garage", "court", 0) is Fit.FITS
    assert judge(both, "court", "garage", 0) is Fit.MISFIT


def test_C05_positions_are_forgotten_at_four_in_the_morning() -> None:
    assert last_reset_ms(at("2026-11-22T12:00:00"), SHANGHAI) == at("2026-11-22T04:00:00")
    assert last_reset_ms(at("2026-11-22T03:59:59"), SHANGHAI) == at("2026-11-21T04:00:00")
    evening = moved((), "", "court", at("2026-11-21T19:00:00"))
    morning = at("2026-11-22T08:00:00")
    assert judge(evening, "", "court", last_reset_ms(morning, SHANGHAI)) is Fit.UNKNOWN
