"""Run the deterministic simulator for many seeds and tell which of them break a promise.

A failing seed prints its number, its faults, its last 30 actions, and one JSON line that can be
kept as a regression file.
"""

import gc
import json
import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from equalgate.simulation.compound import template
from equalgate.simulation.faults import Fault, FaultMix
from equalgate.simulation.run import Result, run_seed

__all__ = ["main", "regression_of", "replay", "run_many"]

_PROCESSES = 2
_PER_TASK = 5
_GARBAGE = 100_000
"""Objects between two searches for cycles: one run makes hardly any."""


def main(seeds: int, first_seed: int, hours: float) -> int:
    """Simulate `seeds` seeds from `first_seed` on, `hours` each; return 1 if a promise broke."""
    results: list[Result] = []
    failed = 0
    for result in run_many(range(first_seed, first_seed + seeds), hours):
        results.append(result)
        if result.failure:
            failed += 1
            print(result.report(), flush=True)
            print(f"keep as a regression file: {regression_of(result, hours)}", flush=True)
        if len(results) % max(1, seeds // 10) == 0:
            print(f"{len(results)}/{seeds} seeds, {failed} failed", flush=True)
    checked = sum((result.checked for result in results), Counter[str]())
    died = sum((result.died for result in results), Counter[str]())
    events = sum(result.events for result in results)
    looks = " ".join(f"{name}={count}" for name, count in sorted(checked.items()))
    print(
        f"{seeds} seeds x {hours:g} h: {failed} failed, {events} events,"
        f" {died.total()} crashes at {len(died)} points, looks at promises: {looks}"
    )
    return 1 if failed else 0


def run_many(seeds: range, hours: float, processes: int = _PROCESSES) -> Iterator[Result]:
    """Run seeds in some processes and give the results in order."""
    count = min(processes, os.cpu_count() or 1, max(1, len(seeds) // _PER_TASK))
    run = partial(_run_quietly, hours=hours)
    if count == 1:
        yield from map(run, seeds)
        return
    # A process that is started anew shares no threads or locks with this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_prepare) as pool:
        yield from pool.map(run, seeds, chunksize=_PER_TASK)


def _prepare() -> None:
    """Build what all runs of a process share; its garbage need not be looked for in every run."""
    template()
    gc.freeze()
    gc.set_threshold(_GARBAGE)


def regression_of(result: Result, hours: float) -> str:
    """Return one JSON line with which `replay` repeats a run."""
    mix = result.mix
    return json.dumps(
        {
            "seed": result.seed,
            "hours": hours,
            "found": result.failure,
            "mix": {
                "faults": [fault.value for fault in mix.faults],
                "drop": mix.drop,
                "double": mix.double,
                "delay": mix.delay,
                "autosave_ms": mix.autosave_ms,
            },
        }
    )


def replay(text: str) -> Result:
    """Repeat the run of a regression file, with the faults that stand in it."""
    kept = json.loads(text)
    faults = tuple(Fault(name) for name in kept["mix"].pop("faults"))
    return _run_quietly(kept["seed"], kept["hours"], replace(FaultMix(faults), **kept["mix"]))


def _run_quietly(seed: int, hours: float, mix: FaultMix | None = None) -> Result:
    """Run one seed without the log lines of everything that goes wrong in it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return run_seed(seed, hours, mix=mix)
    finally:
        logging.disable(before)
