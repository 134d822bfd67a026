"""The gate's step over random inputs: total, and what holds after every one of them."""

from hypothesis import given
from hypothesis import strategies as st

from edge.domain.door_model import lock_open
from edge.domain.effects import Effect, Record, Relock, Unlock, WakeAt
from edge.domain.inputs import ExitRequested, FireSensed, RelayMoved
from mqtt.contract.commands import Operation
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.records import ScheduleRecord
from tests.support.gate_factories import DOOR, HOUR, MINUTE, SIMULATED
from tests.support.gate_inputs import SEQUENCES, SIDE, Later, crowded_papers
from tests.support.gate_run import GateRun

PAPERS = crowded_papers()
DOORS = (DOOR, SIDE)


def play(sequence: list[Later], passback: str = "soft") -> GateRun:
    """Send a sequence and check after each input what must hold in every state."""
    papers = PAPERS if passback == "soft" else crowded_papers(passback)
    gate = GateRun(papers)
    gate.on_duty()
    for later in sequence:
        effects = gate.send(later.at(gate))
        check(gate, effects)
    return gate


def check(gate: GateRun, effects: tuple[Effect, ...]) -> None:
    for portal, door in gate.state.doors.items():
        assert gate.is_unlocked(portal) is lock_open(door), portal
    if gate.state.fire:
        assert all(gate.is_unlocked(portal) for portal in DOORS)
    wakes = [effect.mono_ms for effect in effects if isinstance(effect, WakeAt)]
    assert all(mono_ms >= gate.at.mono_ms for mono_ms in wakes)
    if any(gate.is_unlocked(portal) for portal in DOORS) and not gate.state.fire:
        assert wakes, "somebody has to relock"


@given(SEQUENCES, st.sampled_from(["off", "soft", "hard"]))
def test_step_is_total_and_the_relays_follow_the_doors(
    sequence: list[Later], passback: str
) -> None:
    play(sequence, passback)


@given(SEQUENCES)
def test_a_relock_always_follows_an_unlock(sequence: list[Later]) -> None:
    gate = play(sequence)
    gate.send(FireSensed(gate.at, False, False, SIMULATED))
    gate.command(Operation.RESET_FIRE, 99)
    gate.papers = crowded_papers()
    gate.papers.schedules["day"] = ScheduleRecord()
    gate.papers.version = 2
    gate.relearn()
    for portal in gate.state.doors:
        gate.door(is_open=False, portal=portal)
    for _ in range(40):
        gate.wait(MINUTE)
    assert not any(lock_open(door) for door in gate.state.doors.values())
    assert gate.state.passages == ()


@given(SEQUENCES, st.booleans())
def test_fire_frees_every_door_at_the_next_step_from_any_state(
    sequence: list[Later], line_fault: bool
) -> None:
    gate = play(sequence)
    effects = gate.send(FireSensed(gate.at, not line_fault, line_fault, SIMULATED))
    assert all(gate.is_unlocked(portal) for portal in DOORS)
    moves = [effect for effect in effects if isinstance(effect, Unlock | Relock)]
    assert list(effects[: len(moves)]) == moves
    gate.wait(HOUR)
    assert all(gate.is_unlocked(portal) for portal in DOORS)


@given(SEQUENCES, st.sampled_from([*DOORS, "unknown-door"]))
def test_egress_is_never_denied(sequence: list[Later], portal: str) -> None:
    gate = play(sequence)
    gate.send(ExitRequested(gate.at, portal, False, SIMULATED))
    effects = gate.send(ExitRequested(gate.at, portal, True, SIMULATED))
    assert gate.is_unlocked(portal)
    denied = [one for one in effects if isinstance(one, Record) and one.outcome is Outcome.DENIED]
    assert denied == []


@given(SEQUENCES)
def test_every_grant_that_moved_a_lock_gets_one_outcome(sequence: list[Later]) -> None:
    gate = play(sequence)
    gate.wait(HOUR)
    granted = [
        seq
        for seq, one in enumerate(gate.records)
        if one.kind is EventKind.DECISION and one.outcome is Outcome.GRANTED
    ]
    ended = [one.cause_seq for one in gate.records if one.kind is EventKind.PASSAGE]
    assert sorted(ended) == granted


@given(SEQUENCES)
def test_a_step_depends_on_nothing_but_its_arguments(sequence: list[Later]) -> None:
    first, second = play(sequence), play(sequence)
    assert first.state == second.state
    assert first.all_effects == second.all_effects
    assert first.records == second.records


@given(SEQUENCES)
def test_a_restart_after_anything_works_and_keeps_fire_and_tamper(sequence: list[Later]) -> None:
    gate = play(sequence)
    fire, tampered = gate.state.fire, gate.state.tampered
    gate.restart()
    assert (gate.state.fire, gate.state.tampered) == (fire, tampered)
    check(gate, gate.wait(MINUTE))
    moved = RelayMoved(gate.at, DOOR, "", True, -1, -1, gate.records[0].method, SIMULATED)
    gate.send(moved)
