"""Serve the web application to tests on a real port."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.ports import MemoryKeystore
from controller.services.seed import SeedResult, seed_compound
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from controller.web.app import create_app
from controller.web.desk import MemoryWire
from mqtt.broker.runner import free_port
from mqtt.contract.ids import SiteId
from mqtt.contract.records import Role
from tests.support.compound import GATE_KEYS, NOW

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
    url: str = ""
    clients: list[httpx.Client] = field(default_factory=list)

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
def open_office(engine: Engine) -> Iterator[Office]:
    """Fill the database with the example compound and serve it on a free port."""
    site = Site(SiteId("tongxing"), "Asia/Shanghai", MemoryKeystore())
    keys = {gate: signer.public_key for gate, signer in GATE_KEYS.items()}
    with UnitOfWork(engine) as uow:
        seed = seed_compound(uow, site, NOW, gate_keys=keys)
        uow.commit()
    office = Office(engine, site, seed, MemoryWire(), Clock())
    with _served(office) as url:
        office.url = url
        try:
            yield office
        finally:
            for client in office.clients:
                client.close()


@contextmanager
def _served(office: Office) -> Iterator[str]:
    port = free_port()
    app = create_app(office.engine, office.site, office.wire, office.clock, title="同行苑")
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ends = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < ends
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
