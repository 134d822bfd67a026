"""Authorisation: rights, hours, the door; and that no way in can be seen (promise 1)."""

import dataclasses
import typing
from collections.abc import Iterator

import msgspec
import pytest

from edge.domain.antipassback import moved
from edge.domain.authorise import DoorView, authorise
from edge.domain.model import Bearer, ClockTrust, Decision, Moment
from edge.domain.rules import Rules
from mqtt.contract.events import Direction, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    ConfigRecord,
    GrantRecord,
    LevelRecord,
    ScheduleRecord,
    WindowRecord,
)
from tests.support.gate_factories import IN, NOON, OUT, Papers, make_access_point

HOLDER = Bearer(b"holder-1", b"cred-001", ("residents",))
RELEASED = Bearer(b"", b"", released=True, actor=b"guard-01")
VISITOR = Bearer(b"", b"cred-777", carries_right=True, visitor=True)
MORNING = ScheduleRecord((WindowRecord((0, 1, 2, 3, 4, 5, 6), 480, 540),))


def at_noon(trust: ClockTrust = ClockTrust.SYNCED) -> Moment:
    return Moment(1_000, NOON, trust)


def rules(papers: Papers | None = None) -> Rules:
    return (papers or Papers()).knowledge().rules


def decide(
    bearer: Bearer = HOLDER,
    place: str = IN,
    view: DoorView | None = None,
    papers: Papers | None = None,
    at: Moment | None = None,
) -> Decision:
    return authorise(bearer, place, at or at_noon(), view or DoorView(), rules(papers))


def test_a_resident_is_granted_the_portals_time() -> None:
    assert decide() == Decision(Outcome.GRANTED, ReasonCode.GRANTED, 5_000)


def test_a_person_with_longer_opening_gets_it() -> None:
    assert decide(dataclasses.replace(HOLDER, longer_opening=True)).unlock_ms == 12_000


def test_without_level_or_place_nothing_opens() -> None:
    assert decide(dataclasses.replace(HOLDER, levels=())).reason is ReasonCode.NO_ACCESS_LEVEL
    assert decide(dataclasses.replace(HOLDER, levels=("x",))).reason is ReasonCode.NO_ACCESS_LEVEL
    assert decide(place="nowhere").reason is ReasonCode.WRONG_ACCESS_POINT


def test_one_level_that_covers_the_hour_is_enough() -> None:
    papers = Papers()
    papers.schedules["morning"] = MORNING
    papers.levels["carers"] = LevelRecord((GrantRecord((IN,), "morning"),))
    carer = dataclasses.replace(HOLDER, levels=("carers",))
    assert decide(carer, papers=papers).reason is ReasonCode.OUTSIDE_SCHEDULE
    assert decide(carer, place=OUT, papers=papers).reason is ReasonCode.NO_ACCESS_LEVEL
    both = dataclasses.replace(HOLDER, levels=("carers", "residents"))
    assert decide(both, papers=papers).outcome is Outcome.GRANTED


def test_E06_an_unknown_clock_ignores_schedules_in_the_residents_favour() -> None:
    papers = Papers()
    papers.schedules["morning"] = MORNING
    papers.levels["residents"] = LevelRecord((GrantRecord((IN,), "morning"),))
    assert decide(papers=papers).outcome is Outcome.DENIED
    unknown = at_noon(ClockTrust.UNKNOWN)
    assert decide(papers=papers, at=unknown).outcome is Outcome.GRANTED


@pytest.mark.parametrize("bearer", [HOLDER, RELEASED, VISITOR])
def test_C08_interlock_and_tamper_refuse_everybody_but_not_in_a_fire(bearer: Bearer) -> None:
    assert decide(bearer, view=DoorView(interlocked=True)).reason is ReasonCode.INTERLOCK
    assert decide(bearer, view=DoorView(tampered=True)).reason is ReasonCode.TAMPER
    fire = DoorView(fire=True, tampered=True, interlocked=True, lockdown=True)
    assert decide(bearer, view=fire).outcome is Outcome.GRANTED


def test_lockdown_never_refuses_residents() -> None:
    lockdown = DoorView(lockdown=True)
    assert decide(view=lockdown).outcome is Outcome.GRANTED
    assert decide(RELEASED, view=lockdown).outcome is Outcome.GRANTED
    assert decide(VISITOR, view=lockdown).reason is ReasonCode.LOCKDOWN


def zoned(passback: str) -> Papers:
    papers = Papers(gate=ConfigRecord(passback=passback))
    papers.access_points[IN] = make_access_point(zone_to="court")
    papers.access_points[OUT] = make_access_point(Direction.OUT, zone_from="court")
    return papers


INSIDE = moved((), "", "court", NOON - 60_000)
OUTSIDE = moved((), "court", "", NOON - 60_000)


def test_soft_passback_only_remarks() -> None:
    decision = decide(view=DoorView(positions=INSIDE), papers=zoned("soft"))
    assert decision.outcome is Outcome.GRANTED
    assert decision.remark is ReasonCode.ANTIPASSBACK
    assert not decision.durable_first


def test_hard_passback_refuses_only_while_every_gate_is_heard() -> None:
    fresh = DoorView(positions=INSIDE, all_gates_heard=True)
    assert decide(view=fresh, papers=zoned("hard")).reason is ReasonCode.ANTIPASSBACK
    stale = DoorView(positions=INSIDE)
    degraded = decide(view=stale, papers=zoned("hard"))
    assert degraded.outcome is Outcome.GRANTED
    assert degraded.remark is ReasonCode.ANTIPASSBACK


def test_hard_passback_never_blocks_the_way_out_and_waits_for_the_disk() -> None:
    fresh = DoorView(positions=OUTSIDE, all_gates_heard=True)
    out = decide(place=OUT, view=fresh, papers=zoned("hard"))
    assert out.outcome is Outcome.GRANTED
    assert decide(view=fresh, papers=zoned("hard")).durable_first


def test_passback_off_and_an_unknown_clock_judge_nothing() -> None:
    fresh = DoorView(positions=INSIDE, all_gates_heard=True)
    assert decide(view=fresh, papers=zoned("off")).remark is None
    unknown = decide(view=fresh, papers=zoned("hard"), at=at_noon(ClockTrust.UNKNOWN))
    assert unknown.remark is ReasonCode.PASSBACK_FORGIVEN


def _reachable(kind: object, seen: set[object]) -> Iterator[object]:
    if kind in seen:
        return
    seen.add(kind)
    yield kind
    for part in typing.get_args(kind):
        yield from _reachable(part, seen)
    if isinstance(kind, type) and (
        dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)
    ):
        for part in typing.get_type_hints(kind, include_extras=True).values():
            yield from _reachable(part, seen)


def _types_of(function: object) -> set[object]:
    hints = typing.get_type_hints(function, include_extras=True)
    return {kind for hint in hints.values() for kind in _reachable(hint, set())}


def test_no_way_in_can_be_seen_by_authorise() -> None:
    seen = _types_of(authorise)
    assert {Bearer, Rules, DoorView, LevelRecord, Decision} <= seen
    assert Method not in seen
    assert not {kind for kind in seen if "Claim" in getattr(kind, "__name__", "")}


def test_the_search_for_ways_in_would_find_one() -> None:
    def judges(papers: Papers, at: Moment) -> None: ...

    assert Method in _types_of(judges)
