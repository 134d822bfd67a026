"""Run the controller's real processes with a real mosquitto, and speak to it as a gate."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text

from controller.bootstrap import clock
from controller.domain.moment import Moment
from controller.services.seed import SeedResult
from controller.storage.engine import make_engine
from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import MosquittoRunner, free_port, installed_version
from mqtt.client.backoff import LOCAL
from mqtt.client.port import Connected, Inbound, Message, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.contract.errors import UnavailableError
from mqtt.contract.ids import GateId
from mqtt.contract.topics import down_filter
from tests.support.broker import Inbox, needs_mosquitto
from tests.support.example import DATABASE, KEYS, SITE, example_compound

__all__ = ["ControllerSite", "GateClient", "running_site", "until"]

GATES = tuple(GateId(name) for name in ("gate-south", "gate-north"))

_SETTINGS = """\
[site]
name = "{site}"
title = "同行苑"

[database]
url = "sqlite:///{database}"

[keystore]
folder = "{keys}"

[broker]
host = "127.0.0.1"
port = {port}
ca_file = "{trust}"
web = {{ name = "ctl-web", certificate = "{web.certificate}", key = "{web.key}" }}
ingest = {{ name = "ctl-ingest-1", certificate = "{ingest.certificate}", key = "{ingest.key}" }}

[http]
port = {http_port}
"""


@cache
def started() -> Moment:
    """Give one moment for the whole run: real processes live in real time."""
    return clock.now()


def until(reached: Callable[[], bool], within_s: float = 20.0) -> None:
    ends = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < ends, f"not within {within_s} s"
        time.sleep(0.02)


@dataclass
class GateClient:
    """A gate's session; what comes down is in the inbox."""

    session: PahoSession
    inbox: Inbox

    def say(self, message: Message) -> None:
        """Publish, waiting for room like a gate that has much to send."""
        ends = time.monotonic() + 20
        while True:
            try:
                self.session.publish(message)
            except UnavailableError:
                assert time.monotonic() < ends
                time.sleep(0.002)
            else:
                return

    def heard(self, tail: str) -> list[Message]:
        found = (item.message for item in self.inbox.of(Inbound))
        return [message for message in found if message.topic.endswith(tail)]


@dataclass
class ControllerSite:
    """One compound's broker, settings and database in a folder."""

    folder: Path
    home: BrokerHome
    broker: MosquittoRunner
    port: int
    http_port: int
    seed: SeedResult
    engine: Engine
    at: datetime
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    gates: list[GateClient] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def run(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start `python -m controller …`; its log lies in the folder."""
        log = (self.folder / f"{command[0]}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "controller", *command, "--config", self.folder / "c.toml"],
            stderr=log,
            stdout=log,
            env={"PATH": "/usr/bin:/bin", **environment},
        )
        log.close()
        self.processes.append(process)
        return process

    def ingest(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start ingest and wait until the broker has accepted it."""
        before = self.log("ingest").count("mqtt_connected")
        process = self.run("ingest", **environment)
        until(lambda: self.log("ingest").count("mqtt_connected") > before)
        return process

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text() if file.exists() else ""

    def gate(self, name: str) -> GateClient:
        """Connect as a gate."""
        inbox = Inbox()
        spec = SessionSpec(
            name,
            "127.0.0.1",
            self.port,
            self.home.identity(name, self.at),
            ((down_filter(SITE, GateId(name)), 1),),
            backoff=LOCAL,
        )

        def take(item: SessionItem) -> None:
            inbox.put(item)
            if isinstance(item, Inbound):
                client.session.ack(item)

        client = GateClient(PahoSession(spec, take), inbox)
        client.session.start()
        self.gates.append(client)
        until(lambda: bool(inbox.of(Connected)))
        return client

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@contextmanager
def running_site(folder: Path) -> Iterator[ControllerSite]:
    """Make a compound and run its broker; everything is ended at the end."""
    needs_mosquitto()
    at = datetime.fromtimestamp(started().utc_ms / 1000, UTC) - timedelta(minutes=1)
    home, port, http_port = BrokerHome(folder / "broker"), free_port(), free_port()
    controllers = (("ctl-web", ControllerRole.WEB), ("ctl-ingest-1", ControllerRole.INGEST))
    clients = BrokerClients(SITE, GATES, controllers)
    home.prepare(clients, version=installed_version(), port=port, at=at)
    web, ingest = home.identity("ctl-web", at), home.identity("ctl-ingest-1", at)
    seed = example_compound(started()).copy_to(folder)
    settings = _SETTINGS.format(
        site=SITE,
        database=DATABASE,
        keys=KEYS,
        port=port,
        http_port=http_port,
        trust=web.trust,
        web=web,
        ingest=ingest,
    )
    (folder / "c.toml").write_text(settings)
    broker = MosquittoRunner(home.config_file, port, home.log_file)
    engine = make_engine(f"sqlite:///{folder / DATABASE}")
    site = ControllerSite(folder, home, broker, port, http_port, seed, engine, at)
    broker.start()
    try:
        yield site
    finally:
        for gate in site.gates:
            gate.session.stop()
        for process in site.processes:
            process.kill()
            process.wait(10)
        broker.kill()
        engine.dispose()
