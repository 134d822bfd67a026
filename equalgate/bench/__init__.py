"""Measure the product on this machine: `equalgate bench [--quick] [NAME ...]`.

Every figure is one JSON line on stdout, with its target from the design where there is one; what is
going on is told on stderr. Ratios are taken inside one run, interleaved with their baseline, so
that a slow or busy machine changes both. A missed target is a result (`"ok": false`), no error.
"""

import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

from equalgate.bench.figures import Desk

__all__ = ["BENCHMARKS", "main"]

BENCHMARKS = {
    "fob": "fob at the inbox to relay commanded, decision durable; stalled disk; OSDP path",
    "qr": "640x480 frame to verified decision; codes read of the degraded frames",
    "face": "frame to decision on the processor; 1:N; fob and QR beside a face worker",
    "start": "power return: exec of the gate's daemon to its first decision; OSDP reader online",
    "memory": "the gate's daemon with 10,000 credentials and a live session",
    "roundtrip": "200 B echo over mutual TLS and QoS 1, with and without NODELAY",
    "ingest": "events that the controller verifies and stores, 1 and 32 a message, both databases",
    "evidence": "a bundle of 1,000,000 records: made, trees rebuilt, everything verified",
    "pages": "pages at 16 connections with 1,000,000 events, both databases",
    "drain": "backlog of 200,000 events of 100 gates, and live events meanwhile",
}
"""Every benchmark by name; the module of the same name has a `run(desk)`."""

_QUICK = "--quick"


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, all if none; return 0, 1 where one broke, 2 for unknown names.

    `--quick` among the names runs tiny sizes, to see that everything works.
    """
    is_quick = _QUICK in names
    wanted = [name for name in names if name != _QUICK] or list(BENCHMARKS)
    if any(name not in BENCHMARKS for name in wanted):
        _explain()
        return 2
    broken = [name for name in wanted if not _run(name, is_quick=is_quick)]
    return 1 if broken else 0


def _explain() -> None:
    lines = [f"  {name:<10} {purpose}" for name, purpose in BENCHMARKS.items()]
    text = "\n".join(["benchmarks 基准测试:", *lines, f"  {_QUICK:<10} tiny sizes 小规模试跑"])
    print(text, file=sys.stderr)


def _run(name: str, *, is_quick: bool) -> bool:
    began_s = perf_counter()
    with tempfile.TemporaryDirectory(prefix="equalgate-bench-") as folder:
        desk = Desk(name, Path(folder), is_quick=is_quick)
        try:
            import_module(f"equalgate.bench.{name}").run(desk)
        except Exception as error:  # noqa: BLE001  the other benchmarks are still worth running
            desk.say(f"broke: {type(error).__name__}: {error}")
            return False
    desk.say(f"done in {perf_counter() - began_s:.1f} s")
    return True
