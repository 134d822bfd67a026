"""Measure a drain: 100 gates come back with 200,000 events while other gates go on living.

Live gates send one event every 200 ms each; their time runs from the event sent to its signed
acknowledgement.
"""

import sys
import threading
import time
from time import perf_counter

from equalgate.bench.figures import Desk, at_most, p50, p99
from equalgate.bench.ingest_events import gate_names, make_backlog, make_signers
from equalgate.bench.ingest_load import Load, loader_acl
from equalgate.bench.ingest_site import running_ingest
from equalgate.bench.wire import running_broker

__all__ = ["run"]

_BACKLOG = 200_000
_GATES = 100
_LIVE_GATES = 5
_EVERY_S = 0.2
_LIVE_EVENTS = 400
_LOADERS = ("gate-loader-1", "gate-loader-2")
_LIVE = "gate-loader-3"
_LIMIT_S = 60.0
_SWITCH_S = 0.0005


class _Watch:
    """The live gates: sends in turn, and notes how long each acknowledgement takes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.sent = 0
        self._sent_s: dict[tuple[str, int], float] = {}
        self._ending = threading.Event()

    def acked(self, gate: str, upto: int, at_s: float) -> None:
        """Take an acknowledgement; it also answers for what was sent before."""
        due = [key for key in list(self._sent_s) if key[0] == gate and key[1] <= upto]
        self.seconds += [at_s - self._sent_s.pop(key) for key in due]

    def run(self, load: Load, gates: tuple[str, ...]) -> None:
        """Send until `end`, then give the last ones a moment."""
        for seq in range(1, _LIVE_EVENTS + 1):
            for gate in gates:
                if self._ending.is_set():
                    return
                self._sent_s[gate, seq] = perf_counter()
                load.send(gate)
                self.sent += 1
                self._ending.wait(_EVERY_S / len(gates))

    def end(self) -> None:
        """Send no more; wait for what is on its way, at most 5 s."""
        self._ending.set()
        ends_s = time.monotonic() + 5
        while self._sent_s and time.monotonic() < ends_s:
            time.sleep(0.02)

    @property
    def unanswered(self) -> int:
        """Return how many events have no acknowledgement."""
        return len(self._sent_s)


def run(desk: Desk) -> None:
    """Report drain figures."""
    gates = desk.size(_GATES, 3)
    names = gate_names(gates + _LIVE_GATES)
    signers = make_signers(names)
    each = desk.size(_BACKLOG, 600) // gates
    desk.say(f"{gates} gates make {each} events each")
    backlogs = [make_backlog(name, signers[name], each, 32) for name in names[:gates]]
    living = names[gates:]
    live = [make_backlog(name, signers[name], _LIVE_EVENTS, 1) for name in living]
    with (
        running_broker(
            desk.folder / "broker", gates=names, more_acl=loader_acl((*_LOADERS, _LIVE))
        ) as wire,
        running_ingest(
            desk.folder / "controller", wire, f"sqlite:///{desk.folder}/drain.db", signers
        ) as ingest,
    ):
        watch = _Watch()
        loads = [Load(wire, name, backlogs[at::2]) for at, name in enumerate(_LOADERS)]
        steady = Load(wire, _LIVE, live, acked=watch.acked)
        took_s = _play(desk, loads, steady, watch, living)
        stored = ingest.stored()
    again = sum(load.sent_again for load in loads)
    _report(desk, watch, each * gates, took_s, again)
    if stored != each * gates + watch.sent:
        raise RuntimeError(f"{stored} of {each * gates + watch.sent} events stored")


def _play(
    desk: Desk, loads: list[Load], steady: Load, watch: _Watch, living: tuple[str, ...]
) -> float:
    """Drain; return the seconds it took."""
    everybody = [*loads, steady]
    switch_s = sys.getswitchinterval()
    # All gates share this process; in the field none waits for another's interpreter.
    sys.setswitchinterval(_SWITCH_S)
    try:
        for load in everybody:
            load.connect()
        thread = threading.Thread(target=watch.run, args=(steady, living), daemon=True)
        desk.say("the gates are back")
        began_s = perf_counter()
        thread.start()
        for load in loads:
            load.begin()
        in_time = all(load.wait(_LIMIT_S) for load in loads)
        took_s = perf_counter() - began_s
        watch.end()
        thread.join()
        if not in_time:
            raise TimeoutError("the backlog did not drain")
    finally:
        sys.setswitchinterval(switch_s)
        for load in everybody:
            load.close()
    return took_s


def _report(desk: Desk, watch: _Watch, count: int, took_s: float, again: int) -> None:
    note = f"SQLite, everything verified; {again} batches sent again"
    limit_s = 10 * count / _BACKLOG if desk.is_quick else 10
    target = at_most(max(1.0, limit_s))
    desk.report("backlog drained", took_s, "s", count, target=target, note=note)
    desk.report("backlog rate", count / took_s, "events/s", count)
    live_ms, live_tail_ms = p50(watch.seconds) * 1e3, p99(watch.seconds) * 1e3
    note = f"one event a message; {watch.unanswered} without an answer"
    desk.report("live event acknowledged p50", live_ms, "ms", len(watch.seconds))
    desk.report(
        "live event acknowledged p99",
        live_tail_ms,
        "ms",
        len(watch.seconds),
        target=at_most(250),
        note=note,
    )
