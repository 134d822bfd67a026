"""All that one broker needs on disk, in one folder: authority, certificates, ACL, configuration.

The demo and the tests keep the keys of all clients here too; in the field a gate makes its own key
and sends only the request (`ca_requests`).
"""

import os
import pwd
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mqtt.broker.acl import Acl, ControllerRole, acl_of
from mqtt.broker.config import BrokerPlan, MosquittoVersion, render_config
from mqtt.client.ca import CONTROLLER_PREFIX, CompoundCa
from mqtt.client.ca_files import make_folder, write_file
from mqtt.client.ca_requests import make_key_and_request
from mqtt.client.tls import TlsFiles
from mqtt.contract.ids import GateId, SiteId, parse_name

__all__ = ["BrokerClients", "BrokerHome"]


@dataclass(frozen=True, slots=True)
class BrokerClients:
    """The clients of a compound's broker; who is not in it gets nothing."""

    site: SiteId
    gates: tuple[GateId, ...]
    controllers: tuple[tuple[str, ControllerRole], ...]

    def acl(self) -> Acl:
        """Return the table of rights."""
        return acl_of(self.site, self.gates, self.controllers)

    def without(self, gate: str) -> "BrokerClients":
        """Return the clients without a gate."""
        rest = tuple(one for one in self.gates if one != gate)
        return BrokerClients(self.site, rest, self.controllers)


class BrokerHome:
    """The folder of one broker. All methods may be called again; they leave what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = CompoundCa(folder / "ca")

    @property
    def config_file(self) -> Path:
        """The generated mosquitto.conf."""
        return self._folder / "mosquitto.conf"

    @property
    def log_file(self) -> Path:
        """Where the runner sends the broker's log."""
        return self._folder / "mosquitto.log"

    def prepare(
        self,
        clients: BrokerClients,
        *,
        version: MosquittoVersion,
        port: int,
        at: datetime,
        host: str = "127.0.0.1",
    ) -> None:
        """Make the authority and the broker's certificate if missing; write ACL and configuration.

        The broker runs as the current user, who owns the folder. Raises StorageError, ConfigError.
        """
        make_folder(self._folder)
        make_folder(self._folder / "data")
        if not self.ca.trust_file.exists():
            self.ca.create(clients.site, at)
        if not (self._folder / "broker.pem").exists():
            fresh = make_key_and_request("broker")
            hosts = tuple(dict.fromkeys(("localhost", "127.0.0.1", host)))
            write_file(self._folder / "broker.key", fresh.key_pem)
            certificate = self.ca.issue_server(fresh.request_pem, hosts, at)
            write_file(self._folder / "broker.pem", certificate)
        self.write_acl(clients)
        plan = BrokerPlan(
            host=host,
            port=port,
            trust=self.ca.trust_file.absolute(),
            revoked=self.ca.crl_file.absolute(),
            certificate=(self._folder / "broker.pem").absolute(),
            key=(self._folder / "broker.key").absolute(),
            acl=self._acl_file.absolute(),
            data=(self._folder / "data").absolute(),
            run_as=pwd.getpwuid(os.geteuid()).pw_name,
        )
        write_file(self.config_file, render_config(plan, version).encode())

    def write_acl(self, clients: BrokerClients) -> None:
        """Write the table of rights; the broker reads it on SIGHUP and on start."""
        write_file(self._acl_file, clients.acl().render().encode())

    def identity(self, name: str, at: datetime) -> TlsFiles:
        """Return the key and certificate of a client, made when missing. Raises `bad_name`."""
        folder = self._folder / "clients" / parse_name(name)
        files = TlsFiles(
            self.ca.broker_trust_file, folder / "certificate.pem", folder / "private.key"
        )
        if not files.certificate.exists():
            make_folder(folder.parent)
            make_folder(folder)
            fresh = make_key_and_request(name)
            by_controller = name.startswith(CONTROLLER_PREFIX)
            issue = self.ca.issue_controller if by_controller else self.ca.issue_gate
            write_file(files.key, fresh.key_pem)
            write_file(files.certificate, issue(fresh.request_pem, name, at))
        return files

    def revoke_gate(self, gate: str, clients: BrokerClients, at: datetime) -> BrokerClients:
        """Revoke a stolen gate and take its rights; return the clients that remain.

        The broker still has to be restarted (`MosquittoRunner.restart`): a reload alone keeps the
        connection that is open (protocol §2.3).
        """
        self.ca.revoke(gate, at)
        remaining = clients.without(gate)
        self.write_acl(remaining)
        return remaining

    @property
    def _acl_file(self) -> Path:
        return self._folder / "acl"
