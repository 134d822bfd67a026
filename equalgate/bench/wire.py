"""Run a private broker with mutual TLS for a benchmark, and give its clients their certificates."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.adapters.clock import KernelClock
from equalgate.bench.gate_papers import GATE, SITE
from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import MosquittoRunner, free_port, installed_version
from mqtt.client.tls import TlsFiles
from mqtt.contract.ids import GateId

__all__ = ["INGEST", "WEB", "Wire", "lone_identity", "running_broker"]

WEB, INGEST = "ctl-web", "ctl-ingest-1"
_ROLES = ((WEB, ControllerRole.WEB), (INGEST, ControllerRole.INGEST))


@dataclass(frozen=True, slots=True)
class Wire:
    """A running broker on loopback."""

    home: BrokerHome
    port: int
    at: datetime

    def identity(self, name: str) -> TlsFiles:
        """Return the certificate of a client."""
        return self.home.identity(name, self.at)


def lone_identity(folder: Path) -> TlsFiles:
    """Return a gate's certificate of an authority whose broker does not run."""
    home = BrokerHome(folder)
    at = _now()
    clients = BrokerClients(SITE, (GATE,), _ROLES)
    home.prepare(clients, version=installed_version(), port=free_port(), at=at)
    return home.identity(GATE, at)


@contextmanager
def running_broker(
    folder: Path,
    *,
    gates: tuple[GateId, ...] = (GATE,),
    change: Callable[[str], str] | None = None,
    more_acl: str = "",
) -> Iterator[Wire]:
    """Run mosquitto with the product's configuration; `change` alters that text.

    Raises UnavailableError where mosquitto is not installed.
    """
    home, port, at = BrokerHome(folder), free_port(), _now()
    home.prepare(BrokerClients(SITE, gates, _ROLES), version=installed_version(), port=port, at=at)
    if change is not None:
        home.config_file.write_text(change(home.config_file.read_text("utf-8")), "utf-8")
    if more_acl:
        with (folder / "acl").open("a", encoding="utf-8") as acl:
            acl.write(more_acl)
    runner = MosquittoRunner(home.config_file, port, home.log_file)
    runner.start()
    try:
        yield Wire(home, port, at)
    finally:
        runner.kill()


def _now() -> datetime:
    """Return a minute ago: certificates must be valid already."""
    return datetime.fromtimestamp(KernelClock().read().utc_ms / 1000, UTC) - timedelta(minutes=1)
