"""Parity and availability, counted by hand beside the module."""

from dataclasses import dataclass

import pytest

from mqtt.contract.availability import AvailabilityTally, Uptime
from mqtt.contract.parity import MIN_SAMPLES, ParityRow, ParityTally

NOV = 1_793_500_000  # 2026-11-01 in China


@dataclass(frozen=True)
class Try:
    method: str = "fob"
    outcome: str = "granted"
    reason: str = "granted"
    kind: str = "decision"
    at_s: int = NOV
    ms: int = 100
    adapter: str = "real"

    def fields(self) -> list[object]:
        head: list[object] = [1, "s", "gate", 1, 0, self.kind, "door-in", self.method]
        return [*head, self.outcome, self.reason, self.at_s, 0, 0, 1, self.ms, "in", self.adapter]


def rows(*tries: Try) -> dict[str, ParityRow]:
    tally = ParityTally()
    for each in tries:
        tally.add_leaf(each.fields())
    return {row.method: row for row in tally.rows()}


def test_what_could_not_be_read_is_a_failed_try() -> None:
    found = rows(
        Try(kind="reader", outcome="observed", reason="read_parity"),
        Try(at_s=NOV + 5),
        Try(at_s=NOV + 100),
        Try(kind="reader", outcome="observed", reason="reader_offline", at_s=NOV + 200),
        Try(kind="door", reason="opened", at_s=NOV + 300),
    )["fob"]
    assert (found.attempts, found.granted) == (3, 2)
    assert (found.first_tries, found.first_granted) == (2, 1)


def test_a_refusal_of_another_way_spoils_no_first_try() -> None:
    denied = Try("face", "denied", "no_match", ms=-1)
    found = rows(denied, Try("qr", at_s=NOV + 3), Try("face", at_s=NOV + 40))
    assert (found["qr"].first_tries, found["qr"].first_granted) == (1, 1)
    assert (found["face"].first_tries, found["face"].first_granted) == (2, 1)


def test_simulated_tries_are_apart_and_never_compared() -> None:
    found = rows(*[Try(adapter="simulated", at_s=NOV + at) for at in range(50)])["fob"]
    assert (found.simulated, found.attempts, found.granted) == (50, 0, 0)
    assert not found.is_enough


def test_quantiles_and_months_are_those_of_a_slow_count() -> None:
    tries = [Try(at_s=NOV + 60 * at, ms=100 + at) for at in range(MIN_SAMPLES)]
    found = rows(*tries)["fob"]
    assert found.is_enough
    assert (found.median_ms, found.p90_ms, found.p95_ms) == (114, 126, 128)
    assert found.month == "2026-11"
    assert found.low_permille < 1000 == found.high_permille


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        ParityTally().add_leaf([*Try().fields()[:10], "today", 0, 0, 1, 5, "in", "real"])


def health(at_s: int, reason: str, kind: str = "health") -> list[object]:
    return Try(kind=kind, outcome="observed", reason=reason, at_s=at_s).fields()


def test_time_without_power_is_neither_up_nor_down() -> None:
    tally = AvailabilityTally(NOV, NOV + 1_000)
    tally.add_leaf(health(NOV - 500, "way_ready"))
    tally.add_leaf(health(NOV + 100, "reader_offline"))
    tally.add_leaf(health(NOV + 150, "way_ready"))
    tally.add_leaf(health(NOV + 400, "boot", "boot"))
    tally.add_leaf(health(NOV + 600, "way_ready"))
    found = tally.end(NOV + 5_000)["door-in", "fob"]
    assert found == Uptime(100 + 250 + 400, 100 + 50 + 250 + 400)
    assert found.ppm == 937_500
    assert Uptime(0, 0).ppm == -1


def test_the_time_of_an_opening_is_taken_from_the_record_of_the_passage() -> None:
    def leaf(kind: str, outcome: str, intent_ms: int, adapter: str = "real") -> list[object]:
        at_s = 1_795_000_000
        head: list[object] = [1, "site", "gate-south", 1, 0, kind, "south-in", "qr", outcome, ""]
        return [*head, at_s, 0, 0, 1, intent_ms, "in", adapter, -1, b""]

    tally = ParityTally()
    tally.add_leaf(leaf("decision", "granted", -1))
    tally.add_leaf(leaf("passage", "entered", 420))
    tally.add_leaf(leaf("passage", "entered", 9, "simulated"))
    (row,) = tally.rows()
    assert (row.attempts, row.granted, row.median_ms) == (1, 1, 420)
