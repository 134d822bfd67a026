"""Measure pages: p99 at 16 connections with 1,000,000 events, SQLite and PostgreSQL.

The baseline is the same page on a database that is nearly empty, asked for in turns: what a page
costs must not grow with what has happened.

The server is a process of its own, as in the field; clients keep their connections open. Client,
server and database share this machine.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from controller.bootstrap import clock
from controller.services.keystore import KeystoreFolder
from controller.services.seed import SeedResult
from controller.services.staff import open_holder_session
from controller.storage.engine import make_engine
from controller.storage.unit_of_work import UnitOfWork
from equalgate.bench.figures import Desk, at_most, p50, p99
from equalgate.bench.pages_child import ZONE
from equalgate.bench.pages_fill import fill
from equalgate.bench.postgres import running_postgres
from mqtt.broker.runner import free_port
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["run"]

_CONNECTIONS = 16
_START_S = 60.0
_TARGET_MS = 15.0
_GROWTH = 1.5
_FEW = 2_000
_ROUNDS = 4
_PAGES = {
    "own records": ("/me/records", "resident"),
    "resident's home": ("/me", "resident"),
    "public page": ("/here", "nobody"),
    "live page": ("/", "manager"),
}


def run(desk: Desk) -> None:
    """Report page figures."""
    with ExitStack() as stack:
        urls = {"SQLite": [f"sqlite:///{desk.folder / name}.db" for name in ("full", "few")]}
        try:
            postgres = stack.enter_context(running_postgres())
            urls["PostgreSQL"] = [postgres.empty_database(name) for name in ("full", "few")]
        except UnavailableError as error:
            desk.say(f"left out: {error.detail}")
        for name, (full, few) in urls.items():
            _measure(desk, name, full, few)


@dataclass(frozen=True, slots=True)
class _Site:
    """A server with a database, and the cookies of who asks there."""

    port: int
    cookies: Mapping[str, str]


def _measure(desk: Desk, name: str, full: str, few: str) -> None:
    events = desk.size(1_000_000, _FEW)
    with ExitStack() as stack:
        site = _open(desk, stack, f"{name}-full", full, events)
        baseline = _open(desk, stack, f"{name}-few", few, _FEW)
        for what, (path, who) in _PAGES.items():
            samples: list[float] = []
            others: list[float] = []
            for _ in range(desk.size(_ROUNDS, 1)):
                samples += _load(site, path, who, desk.size(400, 32))
                others += _load(baseline, path, who, desk.size(400, 32))
            note = f"{_CONNECTIONS} connections, {events} events, p50 {p50(samples):.1f} ms"
            desk.report(
                f"{what}, p99, {name}",
                p99(samples),
                "ms",
                len(samples),
                target=at_most(_TARGET_MS, factor=_GROWTH),
                baseline=p99(others),
                note=note,
            )


def _open(desk: Desk, stack: ExitStack, name: str, url: str, events: int) -> _Site:
    keys = desk.folder / f"keys-{name}"
    engine = make_engine(url)
    desk.say(f"{name}: {events} events")
    seeded = fill(engine, KeystoreFolder(keys), ZONE, clock.now(), events)
    with UnitOfWork(engine) as uow:
        resident = open_holder_session(uow, seeded.person("owner").holder, clock.now())
        uow.commit()
    engine.dispose()
    port = stack.enter_context(_server(url, keys))
    return _Site(port, {"nobody": "", "resident": resident, "manager": _sign_in(port, seeded)})


@contextmanager
def _server(url: str, keys: Path) -> Iterator[int]:
    port = free_port()
    child = [sys.executable, "-m", "equalgate.bench.pages_child", url, str(keys), str(port)]
    process = subprocess.Popen(child)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                _get(connection, "/healthz", "")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise UnavailableError(ReasonCode.DATABASE_UNAVAILABLE, "the pages' server did not start")


def _sign_in(port: int, seeded: SeedResult) -> str:
    staff = seeded.with_role(Role.MANAGER)
    headers = {
        "origin": f"http://127.0.0.1:{port}",
        "content-type": "application/x-www-form-urlencoded",
    }
    body = urlencode({"login": staff.login, "password": staff.password})
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/sign-in", body, headers)
        answer = connection.getresponse()
        answer.read()
    cookies = answer.headers.get_all("set-cookie") or []
    found = [each.partition("=")[2].partition(";")[0] for each in cookies if "equalgate=" in each]
    return found[0] if found else ""


def _load(site: _Site, path: str, who: str, count: int) -> list[float]:
    """Ask for a page `count` times over 16 connections; return how long each took in ms."""
    samples: list[float] = []
    cookie = site.cookies[who]
    share = max(1, count // _CONNECTIONS)

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", site.port, timeout=60)
        _get(connection, path, cookie)  # the first one opens what is opened once
        for _ in range(share):
            began = perf_counter()
            _get(connection, path, cookie)
            samples.append((perf_counter() - began) * 1000)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return samples


def _get(connection: HTTPConnection, path: str, cookie: str) -> None:
    connection.request("GET", path, headers={"cookie": f"equalgate={cookie}"} if cookie else {})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 400:  # the first status that is no page
        raise UnavailableError(ReasonCode.DATABASE_UNAVAILABLE, f"{path}: {answer.status}")
