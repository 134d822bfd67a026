"""Gates, broker and controller in simulated time: no seed breaks a promise, and a seed repeats."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from equalgate import simulate
from equalgate.simulation.faults import GATE_POINTS, Fault, draw_mix
from equalgate.simulation.run import run_seed
from equalgate.simulation.trouble import CONTROLLER_POINTS
from equalgate.simulation.world import World

SEEDS, HOURS = range(1, 201), 6.0
KEPT = sorted((Path(__file__).parent / "seeds").glob("*.json"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Leave out the log lines of everything that goes wrong."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
def test_200_seeds_of_6_hours_break_no_promise_and_look_at_each_of_them() -> None:
    checked, died = Counter[str](), Counter[str]()
    reports = []
    for result in simulate.run_many(SEEDS, HOURS):
        checked += result.checked
        died += result.died
        if result.failure:
            reports.append(result.report())
    assert not reports, "\n".join(reports)
    assert set(checked) == {"I2", "I3", "I5", "I6", "I7", "I8", "I10"}
    controller = {f"controller {point}" for point in CONTROLLER_POINTS}
    assert set(died) == {*GATE_POINTS, *controller, "killed"}


@pytest.mark.parametrize("file", KEPT, ids=[file.stem for file in KEPT])
def test_a_seed_that_once_failed_passes(file: Path) -> None:
    result = simulate.replay(file.read_text())
    assert not result.failure, result.report()


def test_a_seed_repeats_exactly() -> None:
    first, again = run_seed(11, HOURS), run_seed(11, HOURS)
    assert first == again
    assert first.steps > 1_000
    assert run_seed(12, HOURS).last_actions != first.last_actions


def test_every_fault_is_drawn_and_no_run_has_all_of_them() -> None:
    mixes = [draw_mix(World(seed).rng) for seed in SEEDS]
    assert {fault for mix in mixes for fault in mix.faults} == set(Fault)
    assert all(len(mix.faults) < len(Fault) for mix in mixes)


def test_a_run_is_kept_as_a_file_that_repeats_it() -> None:
    result = run_seed(7, 0.5)
    text = simulate.regression_of(result, 0.5)
    again = simulate.replay(text)
    assert json.loads(simulate.regression_of(again, 0.5)) == json.loads(text)
    assert again.mix == result.mix


def test_the_command_tells_how_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(seeds=2, first_seed=5, hours=0.5) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1/2 seeds, 0 failed"
    assert lines[-1].startswith("2 seeds x 0.5 h: 0 failed")
