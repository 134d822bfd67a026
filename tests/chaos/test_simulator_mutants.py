"""A simulator that finds nothing proves nothing: bugs that are known are planted and must show."""

import logging
from collections.abc import Iterator

import pytest

from edge.domain.gate import step
from equalgate.simulate import regression_of
from equalgate.simulation.faults import Fault, FaultMix
from equalgate.simulation.parts import PRODUCT, Parts
from equalgate.simulation.run import run_seed
from tests.support import mutants

HOURS = 3.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Leave out the log lines of everything that goes wrong."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


LOSSY = FaultMix((Fault.DROP_AFTER_PUBACK, Fault.MUTE), drop=0.5)
LATE = FaultMix((Fault.DELAY,), delay=0.5)
CRASHING = FaultMix((Fault.CONTROLLER_CRASH,))
DYING = FaultMix((Fault.GATE_KILL, Fault.REPLAY, Fault.DOUBLE), double=0.5, points=("after_relay",))
FULL = FaultMix((Fault.DISK_STALL, Fault.DISK_FULL))
QUIET = FaultMix(())


def found(parts: Parts, mix: FaultMix, seeds: int = 20) -> Iterator[str]:
    """Give what is found in some seeds, whatever it is; whoever has enough runs no more."""
    for seed in range(seeds):
        failure = run_seed(seed, HOURS, parts, mix).failure
        if failure:
            yield failure


@pytest.mark.parametrize("mix", [LOSSY, LATE, CRASHING, DYING, FULL, QUIET])
def test_the_product_itself_passes_with_each_of_these_faults(mix: FaultMix) -> None:
    assert list(found(PRODUCT, mix, seeds=3)) == []


def test_events_that_go_on_puback_are_missed() -> None:
    failures = found(Parts(uplink=mutants.GoneOnPuback), LOSSY)
    assert any(failure.startswith("I1") for failure in failures)


def test_an_acknowledgement_before_the_commit_is_found() -> None:
    failures = found(Parts(ingest=mutants.AckBeforeCommit), CRASHING)
    assert any("acknowledged but not stored" in failure for failure in failures)


def test_a_command_without_deadline_is_found() -> None:
    failures = found(Parts(uplink=mutants.NoDeadline), LATE)
    assert any("after the deadline" in failure for failure in failures)


def test_a_second_opening_after_a_crash_behind_the_relay_is_found() -> None:
    both = Parts(store=mutants.BurntInMemory, boot_id=mutants.kept_boot_id)
    assert any("moved twice" in failure for failure in found(both, DYING))


def test_a_fresh_boot_id_prevents_a_second_opening_even_if_burnt_ids_are_forgotten() -> None:
    assert list(found(Parts(store=mutants.BurntInMemory), DYING, seeds=6)) == []


@pytest.mark.parametrize(
    ("mutate", "mix", "name"),
    [
        (mutants.deaf_to_fire, QUIET, "I3"),
        (mutants.never_revoked, QUIET, "I5"),
        (mutants.nothing_opens_before_the_disk, FULL, "I8"),
    ],
)
def test_a_gate_that_breaks_a_promise_is_found(
    monkeypatch: pytest.MonkeyPatch, mutate: object, mix: FaultMix, name: str
) -> None:
    assert callable(mutate)
    monkeypatch.setattr("edge.gate.loop.step", mutate(step))
    assert any(failure.startswith(name) for failure in found(PRODUCT, mix))


def test_a_failing_seed_tells_what_is_needed_to_look_into_it() -> None:
    parts = Parts(uplink=mutants.GoneOnPuback)
    failing = next(
        result for seed in range(12) if (result := run_seed(seed, HOURS, parts, LOSSY)).failure
    )
    report = failing.report()
    assert f"seed {failing.seed}: I1" in report
    assert "drop_after_puback" in report
    assert 1 <= len(failing.last_actions) <= 30
    assert all(action in report for action in failing.last_actions)
    assert f'"seed": {failing.seed}' in regression_of(failing, HOURS)
