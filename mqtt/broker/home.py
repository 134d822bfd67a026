"""All that one broker needs on disk, in one folder: authority, certificates, ACL, configuration.

The demo and the tests keep the keys of all clients here too; in the field a gate makes its own key
and sends only the request (`ca_requests`).
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mqtt.broker.acl import Acl, ControllerRole, acl_of
from mqtt.broker.config import BrokerPlan, MosquittoVersion, render_config
from mqtt.client.ca import CONTROLLER_PREFIX, CompoundCa
from mqtt.client.ca_files import make_folder, write_file
from mqtt.client.ca_pair import KeyAndCertificate
from mqtt.client.tls import TlsFiles
from mqtt.contract.errors import StorageError
from mqtt.contract.ids import GateId, SiteId, parse_name
from mqtt.contract.reasons import ReasonCode

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
        names: tuple[str, ...] = (),
    ) -> None:
        """Make the authority and the broker's certificate, renew what ages, write ACL and config.

        The broker runs as the current user, who owns the folder, and listens on `host`; `names` are
        further names that its certificate bears. Raises StorageError, ConfigError.
        """
        make_folder(self._folder)
        make_folder(self._folder / "data")
        if not self.ca.trust_file.exists():
            self.ca.create(clients.site, at)
        if any(status.is_due for status in self.ca.crl_status(at)):
            self.ca.renew_lists(at)
        hosts = tuple(dict.fromkeys(("localhost", "127.0.0.1", host, *names)))
        pair = KeyAndCertificate(self._folder / "broker.key", self._folder / "broker.pem")
        if not (pair.lasts(at) and pair.names(hosts)):
            pair.replace("broker", lambda request: self.ca.issue_server(request, hosts, at))
        self.write_acl(clients)
        plan = BrokerPlan(
            host=host,
            port=port,
            trust=self.ca.trust_file.absolute(),
            revoked=self.ca.crl_file.absolute(),
            certificate=pair.certificate.absolute(),
            key=pair.key.absolute(),
            acl=self._acl_file.absolute(),
            data=(self._folder / "data").absolute(),
            run_as=pwd.getpwuid(os.geteuid()).pw_name,
        )
        write_file(self.config_file, render_config(plan, version).encode())

    def write_acl(self, clients: BrokerClients) -> None:
        """Write the table of rights; the broker reads it on SIGHUP and on start."""
        write_file(self._acl_file, clients.acl().render().encode())

    def identity(self, name: str, at: datetime) -> TlsFiles:
        """Return the key and certificate of a client, made when missing or about to end.

        A revoked certificate is never replaced. Raises ContractError(`bad_name`).
        """
        folder = self._folder / "clients" / parse_name(name)
        pair = KeyAndCertificate(folder / "private.key", folder / "certificate.pem")
        exists = pair.certificate.exists()
        if not pair.lasts(at) and not (exists and self.ca.is_revoked(pair.serial())):
            make_folder(folder.parent)
            make_folder(folder)
            by_controller = name.startswith(CONTROLLER_PREFIX)
            issue = self.ca.issue_controller if by_controller else self.ca.issue_gate
            pair.replace(name, lambda request: issue(request, name, at))
        return TlsFiles(self.ca.broker_trust_file, pair.certificate, pair.key)

    def replace_authority(
        self,
        clients: BrokerClients,
        *,
        version: MosquittoVersion,
        port: int,
        at: datetime,
        host: str = "127.0.0.1",
    ) -> None:
        """Make a new authority, for a new operator: no certificate of the former one connects.

        The former roots and lists stay for the record, without their private keys. Identities are
        made anew by `identity`; the broker has to be restarted. Raises StorageError, ConfigError.
        """
        former = self._folder / f"ca-until-{at:%Y%m%dT%H%M%S}"
        try:
            for key in self._folder.glob("ca/*/root.key"):
                key.write_bytes(bytes(key.stat().st_size))
                key.unlink()
            (self._folder / "ca").rename(former)
            for name in ("broker.key", "broker.pem"):
                (self._folder / name).unlink(missing_ok=True)
            if (self._folder / "clients").exists():
                shutil.rmtree(self._folder / "clients")
        except OSError as error:
            raise StorageError(ReasonCode.STORAGE_UNAVAILABLE, self._folder.name) from error
        self.prepare(clients, version=version, port=port, at=at, host=host)

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
