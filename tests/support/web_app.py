"""Serve the web application to tests on a real port."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.keystore import KeystoreFolder
from controller.services.lodge.telephone import SimTelephone
from controller.services.seed import SeedResult
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.web.app import create_app
from controller.web.desk import MemoryWire
from mqtt.broker.runner import free_port
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.example import DATABASE, KEYS, SITE, example_compound

__all__ = ["Clock", "Office", "open_office"]


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: Moment = NOW

    def __call__(self) -> Moment:
        return self.moment

    def move(self, ms: int) -> None:
        self.moment = Moment(self.moment.utc_ms + ms, self.moment.mono_ms + ms)


@dataclass
class Office:
    """The example compound behind a real server; `wire` keeps what would go to the broker."""

    engine: Engine
    site: Site
    seed: SeedResult
    wire: MemoryWire
    clock: Clock
    telephone: SimTelephone = field(default_factory=SimTelephone)
    url: str = ""
    clients: list[httpx.Client] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None

    def client(self, role: Role | None = None) -> httpx.Client:
        """Give a browser, signed in with a role where one is given."""
        client = httpx.Client(base_url=self.url, headers={"origin": self.url}, timeout=20)
        self.clients.append(client)
        if role is not None:
            staff = self.seed.with_role(role)
            body = {"login": staff.login, "password": staff.password}
            assert client.post("/api/v1/session", json=body).status_code == 201
        return client


@contextmanager
def open_office(folder: Path) -> Iterator[Office]:
    """Put the example compound into a folder and serve it on a free port."""
    seed = example_compound(NOW).copy_to(folder)
    engine = make_engine(f"sqlite:///{folder / DATABASE}")
    site = Site(SITE, "Asia/Shanghai", KeystoreFolder(folder / KEYS))
    office = Office(engine, site, seed, MemoryWire(), Clock())
    with _served(office) as url:
        office.url = url
        try:
            yield office
        finally:
            for client in office.clients:
                client.close()
    engine.dispose()


@contextmanager
def _served(office: Office) -> Iterator[str]:
    port = free_port()
    app = create_app(
        office.engine,
        office.site,
        office.wire,
        office.clock,
        title="同行苑",
        telephone=office.telephone,
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ends = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < ends
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(10)

    office.stop = stop
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop()
