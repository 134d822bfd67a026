"""Measure the controller's ingest: its own process, everything verified, acknowledged when stored.

Time runs from the first batch sent to the last signed acknowledgement received; the gates, the
broker, ingest and the database share this machine.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from equalgate.bench.figures import Desk, at_least
from equalgate.bench.ingest_events import Backlog, gate_names, make_backlog, make_signers
from equalgate.bench.ingest_load import Load, loader_acl
from equalgate.bench.ingest_site import running_ingest
from equalgate.bench.postgres import PrivatePostgres, running_postgres
from equalgate.bench.wire import running_broker
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import UnavailableError
from mqtt.contract.ids import GateId

__all__ = ["run"]

_GATES = 100
_LOADERS = ("gate-loader-1", "gate-loader-2")
_TARGETS = {"SQLite": 25_000, "PostgreSQL": 10_000}
_LIMIT_S = 60.0


def run(desk: Desk) -> None:
    """Report ingest figures."""
    names = gate_names(desk.size(_GATES, 3))
    signers = make_signers(names)
    with ExitStack() as servers:
        postgres = _postgres(desk, servers)
        for size, count in ((32, desk.size(960, 64)), (1, desk.size(120, 8))):
            desk.say(f"{len(names)} gates make {count} events each, {size} a message")
            backlogs = [make_backlog(name, signers[name], count, size) for name in names]
            folder = desk.folder / f"sqlite-{size}"
            url = f"sqlite:///{folder.with_suffix('.db')}"
            cases = [_Case("SQLite", size, url, folder)]
            if postgres is not None:
                url = postgres.empty_database(f"bench{size}")
                cases.append(_Case("PostgreSQL", size, url, desk.folder / f"postgres-{size}"))
            for case in cases:
                desk.say(f"{case.database}, {size} a message")
                with ExitStack() as stack:
                    _measure(desk, stack, case, backlogs, signers)


def _postgres(desk: Desk, servers: ExitStack) -> PrivatePostgres | None:
    try:
        return servers.enter_context(running_postgres())
    except UnavailableError as error:
        desk.say(f"left out: {error.detail}")
        return None


@dataclass(frozen=True, slots=True)
class _Case:
    """One database and one number of events a message."""

    database: str
    size: int
    url: str
    folder: Path


def _measure(
    desk: Desk,
    stack: ExitStack,
    case: _Case,
    backlogs: list[Backlog],
    signers: Mapping[GateId, Ed25519Signer],
) -> None:
    broker = running_broker(
        case.folder.with_suffix(".broker"), gates=tuple(signers), more_acl=loader_acl(_LOADERS)
    )
    wire = stack.enter_context(broker)
    ingest = stack.enter_context(running_ingest(case.folder, wire, case.url, signers))
    loads = [Load(wire, name, backlogs[at :: len(_LOADERS)]) for at, name in enumerate(_LOADERS)]
    try:
        for load in loads:
            load.connect()
        cpu_s, began_s = ingest.cpu_s(), perf_counter()
        for load in loads:
            load.begin()
        in_time = all(load.wait(_LIMIT_S) for load in loads)
        took_s, cpu_s = perf_counter() - began_s, ingest.cpu_s() - cpu_s
    finally:
        for load in loads:
            load.close()
    count, stored = sum(backlog.events for backlog in backlogs), ingest.stored()
    if not in_time or stored != count:
        raise RuntimeError(f"{stored} of {count} events stored")
    again = sum(load.sent_again for load in loads)
    _report(desk, case, count, took_s=took_s, cpu_s=cpu_s, again=again)


def _report(
    desk: Desk, case: _Case, count: int, *, took_s: float, cpu_s: float, again: int
) -> None:
    what = f"{case.database}, {case.size} a message"
    target = at_least(_TARGETS[case.database]) if case.size == 32 else None
    note = f"gates, broker, ingest and database share the machine; {again} batches sent again"
    desk.report(what, count / took_s, "events/s", count, target=target, note=note)
    desk.report(f"{what}: ingest's own processor time", cpu_s / count * 1e6, "us/event", count)
