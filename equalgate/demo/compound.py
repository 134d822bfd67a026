"""Make the example compound in a folder and run it: broker, controller, two gate units."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.keys import trust_anchor
from controller.services.keystore import KeystoreFolder
from controller.services.seed import SeedResult, seed_compound
from controller.services.seed_gates import GATES
from controller.services.seed_register import seed_register
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.clock import KernelClock
from equalgate.demo.cast import cast_of, save_cast
from equalgate.demo.face_setup import fit_face, models_folder
from equalgate.demo.gate_files import GateFolder
from equalgate.demo.processes import Program
from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import MosquittoRunner, free_port, installed_version
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.records import Role

__all__ = ["Account", "Compound", "Ports", "moment", "now"]

SITE = SiteId("tongxing")
TITLE = "同行苑"
_WEB, _INGEST = "ctl-web", "ctl-ingest-1"
_SETTINGS = """\
[site]
name = "{site}"
title = "{title}"
zone = "Asia/Shanghai"

[database]
url = "sqlite:///controller.db"

[keystore]
folder = "keys"

[broker]
host = "127.0.0.1"
port = {broker_port}
ca_file = "{trust}"
web = {{ name = "ctl-web", certificate = "{web.certificate}", key = "{web.key}" }}
ingest = {{ name = "ctl-ingest-1", certificate = "{ingest.certificate}", key = "{ingest.key}" }}

[http]
host = "127.0.0.1"
port = {http_port}
"""


def moment() -> Moment:
    """Return what this machine's clocks say."""
    read = KernelClock().read()
    return Moment(utc_ms=read.utc_ms, mono_ms=read.mono_ms)


def now() -> datetime:
    """Return the wall time."""
    return datetime.fromtimestamp(moment().utc_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the broker and the pages listen, on loopback."""

    broker: int
    http: int
    stage: int = 0
    screens: tuple[int, ...] = ()

    @classmethod
    def free(cls, broker: int = 0, http: int = 0, stage: int = 0) -> "Ports":
        """Take the given ones, and free ones where 0 is given."""
        screens = tuple(free_port() for _ in GATES)
        return cls(broker or free_port(), http or free_port(), stage or free_port(), screens)


@dataclass(frozen=True, slots=True)
class Account:
    """What a person needs to sign in to the example; the secrets are made anew for each set-up."""

    role: str
    login: str
    password: str = field(repr=False)


class Compound:
    """The example compound 同行苑 in one folder."""

    def __init__(
        self, folder: Path, ports: Ports, clients: type[BrokerClients] = BrokerClients
    ) -> None:
        self.folder = folder
        self.ports = ports
        self._clients = clients
        self.broker_home = BrokerHome(folder / "broker")
        self.gates = {name: GateFolder(folder / "gates" / name, name) for name in GATES}
        logs = folder / "logs"
        self.screens = {
            name: Program(
                f"{name}-screen",
                "edge",
                ("screen", "--config", str(gate.config_file)),
                logs / f"{name}-screen.log",
            )
            for name, gate in self.gates.items()
        }
        settings = str(self.settings_file)
        self.web = Program("web", "controller", ("serve", "--config", settings), logs / "web.log")
        self.ingest = Program(
            "ingest", "controller", ("ingest", "--config", settings), logs / "ingest.log"
        )
        self.units = {
            name: Program(
                name,
                "edge",
                ("sim", "--config", str(gate.config_file)),
                logs / f"{name}.log",
            )
            for name, gate in self.gates.items()
        }
        self.broker = MosquittoRunner(
            self.broker_home.config_file, ports.broker, self.broker_home.log_file
        )

    @property
    def settings_file(self) -> Path:
        """Return the controller's settings."""
        return self.folder / "controller" / "controller.toml"

    @property
    def accounts_file(self) -> Path:
        """Return the file (0600) with the accounts of this set-up."""
        return self.folder / "accounts.json"

    @property
    def cast_file(self) -> Path:
        """Return the file (0600) with what the people of the example carry."""
        return self.folder / "cast.json"

    @property
    def database_url(self) -> str:
        """Return where the controller's database is."""
        return f"sqlite:///{self.folder / 'controller' / 'controller.db'}"

    @property
    def is_made(self) -> bool:
        """Tell whether the compound was made before, by a version that knew the stage."""
        return self.accounts_file.exists() and self.cast_file.exists()

    def make(self) -> SeedResult:
        """Make everything in an empty folder and return the secrets of the example."""
        for name in ("", "controller", "gates", "logs", "pictures"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        public_keys = {name: gate.make_keys() for name, gate in self.gates.items()}
        site = self.site()
        with self.database() as engine:
            upgrade(engine)
            with UnitOfWork(engine) as uow:
                seeded = seed_compound(uow, site, moment(), gate_keys=public_keys)
                manager = Actor(seeded.with_role(Role.MANAGER).id, Role.MANAGER)
                seed_register(uow, manager, moment())
                if models_folder() is not None:
                    fit_face(uow, site, seeded, moment())
                anchors = trust_anchor(uow, moment())
                uow.commit()
        (self.folder / "controller" / "anchor").write_text(next(iter(anchors.values())).hex())
        self.configure()
        save_cast(cast_of(seeded), self.cast_file)
        self._keep_accounts(seeded)
        return seeded

    def bring_up_to_date(self) -> None:
        """Give a compound that an older version made the tables of this one."""
        with self.database() as engine:
            upgrade(engine)

    def site(self) -> Site:
        """Return the compound as the controller's services know it."""
        return Site(SITE, "Asia/Shanghai", KeystoreFolder(self.folder / "controller" / "keys"))

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """Open the controller's database as one more process of it."""
        engine = make_engine(self.database_url)
        try:
            yield engine
        finally:
            engine.dispose()

    def configure(self) -> None:
        """Write every configuration for the present ports; keys and data stay as they are."""
        at = now()
        controllers = ((_WEB, ControllerRole.WEB), (_INGEST, ControllerRole.INGEST))
        names = tuple(GateId(name) for name in self.gates)
        clients = self._clients(SITE, names, controllers)
        self.broker_home.prepare(
            clients, version=installed_version(), port=self.ports.broker, at=at
        )
        web = self.broker_home.identity(_WEB, at)
        ingest = self.broker_home.identity(_INGEST, at)
        text = _SETTINGS.format(
            site=SITE,
            title=TITLE,
            broker_port=self.ports.broker,
            http_port=self.ports.http,
            trust=web.trust,
            web=web,
            ingest=ingest,
        )
        self.settings_file.write_text(text, "utf-8")
        anchor = bytes.fromhex((self.folder / "controller" / "anchor").read_text())
        screen_ports = self.ports.screens or tuple(0 for _ in self.gates)
        for (name, gate), screen_port in zip(self.gates.items(), screen_ports, strict=True):
            tls = self.broker_home.identity(name, at)
            gate.write_config(
                SITE, self.ports.broker, tls, anchor, models_folder(), screen_port=screen_port
            )

    def accounts(self) -> tuple[Account, ...]:
        """Return the accounts of this set-up."""
        rows = json.loads(self.accounts_file.read_text("utf-8"))
        return tuple(Account(**row) for row in rows)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything; the gates come first, because they open without anybody else."""
        try:
            for unit in self.units.values():
                unit.start()
            self.broker.start()
            self.ingest.start()
            self.web.start()
            yield
        finally:
            for program in (*self.units.values(), self.web, self.ingest):
                program.stop()
            self.broker.stop()

    @contextmanager
    def screens_running(self) -> Iterator[None]:
        """Run the screens of the gates, each in a process of its own."""
        try:
            for screen in self.screens.values():
                screen.start()
            yield
        finally:
            for screen in self.screens.values():
                screen.stop()

    def _keep_accounts(self, seeded: SeedResult) -> None:
        rows = [asdict(Account(p.role.value, p.login, p.password)) for p in seeded.staff]
        descriptor = os.open(self.accounts_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(rows, file)
