"""Shadow mode: beside an old controller the gate judges as when live, and moves nothing."""

import random

import msgspec
import pytest

from edge.domain.card_formats import CardBits
from edge.domain.effects import Indicate, Relock, Unlock
from edge.domain.model import PassClaim, StaffAction
from mqtt.contract.commands import Operation
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord, PortalRecord, ScheduleRecord, WindowRecord
from tests.support.gate_factories import (
    CARD,
    DOOR,
    FOB,
    IN,
    MINUTE,
    OUT,
    Papers,
    make_pass,
    person,
)
from tests.support.gate_run import GateRun

STRANGER = CardBits(0xBAD, 24)
DAY = 24 * 60


def in_shadow(papers: Papers | None = None) -> GateRun:
    papers = papers or Papers()
    papers.gate = msgspec.structs.replace(papers.gate, shadow=True)
    return GateRun(papers)


def moves(gate: GateRun) -> list[object]:
    return [each for each in gate.all_effects if isinstance(each, Unlock | Relock | Indicate)]


def judged(gate: GateRun, kind: EventKind) -> list[tuple[str, Method, Outcome, ReasonCode]]:
    return [
        (each.access_point, each.method, each.outcome, each.reason)
        for each in gate.records
        if each.kind is kind
    ]


def morning_only() -> Papers:
    window = WindowRecord((0, 1, 2, 3, 4, 5, 6), 6 * 60, 13 * 60)
    return Papers(schedules={"always": ScheduleRecord((window,))})


def recorded_day(seed: int) -> list[tuple[int, str, CardBits]]:
    """Give the taps of a day as an old controller kept them: minute, access point, card."""
    draw = random.Random(seed)
    cards = (CARD, CARD, CARD, STRANGER, CardBits(0xBAE, 24))
    minutes = sorted(draw.sample(range(DAY), 200))
    return [(minute, draw.choice((IN, OUT)), draw.choice(cards)) for minute in minutes]


def play(gate: GateRun, day: list[tuple[int, str, CardBits]]) -> None:
    begin = gate.at.utc_ms
    for minute, access_point, card in day:
        gate.wait(begin + minute * MINUTE - gate.at.utc_ms)
        gate.fob(card, access_point)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_recorded_day_is_judged_as_live_and_moves_nothing(seed: int) -> None:
    day = recorded_day(seed)
    live, shadow = GateRun(morning_only()), in_shadow(morning_only())
    for gate in (live, shadow):
        play(gate, day)
    truth = judged(live, EventKind.DECISION)
    assert len(truth) == len(day)
    assert {outcome for _, _, outcome, _ in truth} == {Outcome.GRANTED, Outcome.DENIED}
    assert judged(shadow, EventKind.SHADOW) == truth
    assert moves(shadow) == []
    assert {each.kind for each in shadow.records} == {EventKind.BOOT, EventKind.SHADOW}


def test_what_would_have_been_refused_names_card_and_reason() -> None:
    gate = in_shadow()
    gate.fob(STRANGER)
    gate.fob()
    stranger, known = (each for each in gate.records if each.kind is EventKind.SHADOW)
    assert (stranger.outcome, stranger.reason) == (Outcome.DENIED, ReasonCode.UNKNOWN_CREDENTIAL)
    assert stranger.personal is not None
    assert stranger.personal.note.startswith("24:000bad")
    assert (known.outcome, known.intent_to_unlock_ms) == (Outcome.GRANTED, -1)
    assert known.personal is not None
    assert (known.personal.holder, known.personal.credential) == (person(1), FOB)


def test_passes_are_judged_too_and_no_use_is_spent() -> None:
    gate = in_shadow()
    gate.show(make_pass())
    assert judged(gate, EventKind.SHADOW)[-1][1:3] == (Method.QR, Outcome.GRANTED)
    assert gate.memory == {}
    assert moves(gate) == []


def test_doors_that_the_old_system_opens_are_not_forced() -> None:
    gate = in_shadow()
    gate.door(is_open=True)
    gate.wait(10 * MINUTE)
    gate.door(is_open=False)
    assert judged(gate, EventKind.DOOR) == []
    assert moves(gate) == []


def test_neither_command_nor_panel_nor_schedule_moves_a_door() -> None:
    papers = Papers(portals={DOOR: PortalRecord(free_schedule="always")})
    gate = in_shadow(papers)
    gate.wait(5 * MINUTE)
    for operation in (Operation.OPEN, Operation.HOLD_OPEN, Operation.LOCKDOWN):
        assert gate.command(operation, reason="move").reason is ReasonCode.SHADOW_MODE
    gate.sign_on()
    gate.staff(StaffAction.RELEASE)
    assert gate.records[-1].reason is ReasonCode.SHADOW_MODE
    assert not [each for each in gate.all_effects if isinstance(each, Unlock)]


def test_fire_wins_in_shadow_too() -> None:
    gate = in_shadow()
    gate.fire()
    assert [each.portal for each in gate.all_effects if isinstance(each, Unlock)] == [DOOR]


def test_cut_over_and_return_take_effect_with_the_document() -> None:
    gate = in_shadow()
    gate.fob()
    gate.papers.gate = ConfigRecord()
    gate.papers.version += 1
    gate.relearn()
    assert gate.fob() is ReasonCode.GRANTED
    assert [each.portal for each in gate.all_effects if isinstance(each, Unlock)] == [DOOR]
    gate.wait(MINUTE)
    before = len(moves(gate))
    gate.papers.gate = ConfigRecord(shadow=True)
    gate.papers.version += 1
    gate.relearn()
    gate.fob()
    assert len(moves(gate)) == before
    assert [each.kind for each in gate.records][-1] is EventKind.SHADOW


def test_the_text_of_a_code_in_view_is_judged_once() -> None:
    gate = in_shadow()
    for _ in range(3):
        gate.attempt(Method.QR, PassClaim(make_pass()))
    assert len(judged(gate, EventKind.SHADOW)) == 1
