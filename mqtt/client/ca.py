"""The certificate authority of a compound: who may connect to the broker, and under which name.

The broker takes the common name of a certificate as user name and client id, so a name is a right.
Only `[a-z0-9-]{4,40}` is ever signed (a `/`, `+` or `#` would widen an ACL pattern, protocol §0
row 3); names of gates and of controllers (`ctl-…`) come from separate roots and can never meet.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mqtt.client.ca_files import make_folder, only_one_writer, read_file, write_file
from mqtt.client.ca_profiles import (
    Branch,
    client_certificate,
    revocation_list,
    root_certificate,
    server_certificate,
)
from mqtt.client.ca_requests import (
    RenewalRequest,
    check_renewal_signature,
    read_private_key,
    read_request,
)
from mqtt.contract.errors import ConfigError, ContractError, RefusedError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = ["CONTROLLER_PREFIX", "CompoundCa", "CrlStatus"]

CONTROLLER_PREFIX = "ctl-"
_ALARM_SHARE = 0.5
_RULE = "certificate-authority"


@dataclass(frozen=True, slots=True)
class CrlStatus:
    """How old a revocation list is. Past `next_update` the broker refuses every new connection."""

    branch: Branch
    next_update: datetime
    used_share: float

    @property
    def is_due(self) -> bool:
        """True from half of its life on: issue a new one and raise the alarm if that fails."""
        return self.used_share >= _ALARM_SHARE

    @property
    def is_overdue(self) -> bool:
        """True when the list has ended: nobody can connect."""
        return self.used_share >= 1.0


class CompoundCa:
    """The authority in one folder (0700). Time is an argument: an aware datetime."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def trust_file(self) -> Path:
        """Both roots: what the broker checks clients against."""
        return self._folder / "trust.pem"

    @property
    def crl_file(self) -> Path:
        """Both revocation lists, for the broker."""
        return self._folder / "revoked.pem"

    @property
    def broker_trust_file(self) -> Path:
        """The operators' root only: what every client checks the broker against."""
        return self._root_file(Branch.OPERATORS)

    def create(self, site: str, at: datetime) -> None:
        """Make both roots and empty lists. Raises ConfigError(`conflict`) if they exist."""
        make_folder(self._folder)
        with only_one_writer(self._folder):
            if self.trust_file.exists():
                raise ConfigError(ReasonCode.CONFLICT, self._folder.name)
            for branch in Branch:
                self._create_branch(parse_name(site), branch, at)
            roots = b"".join(read_file(self._root_file(branch)) for branch in Branch)
            self._join_lists()
            write_file(self.trust_file, roots)

    def issue_gate(self, request_pem: bytes, gate: str, at: datetime) -> bytes:
        """Return the client certificate (PEM) of a gate. Raises what `read_request` raises."""
        if gate.startswith(CONTROLLER_PREFIX):
            raise ContractError(ReasonCode.BAD_NAME, f"{CONTROLLER_PREFIX}…")
        return self._issue_client(Branch.GATES, request_pem, gate, at)

    def issue_controller(self, request_pem: bytes, name: str, at: datetime) -> bytes:
        """Return the client certificate of a controller process: `ctl-web`, `ctl-ingest-1`."""
        if not name.startswith(CONTROLLER_PREFIX):
            raise ContractError(ReasonCode.BAD_NAME, f"{CONTROLLER_PREFIX}…")
        return self._issue_client(Branch.OPERATORS, request_pem, name, at)

    def issue_server(self, request_pem: bytes, hosts: tuple[str, ...], at: datetime) -> bytes:
        """Return the broker's certificate for its host names and addresses; it is `broker`."""
        key = read_request(request_pem, "broker")
        if not hosts:
            raise ContractError(ReasonCode.BAD_NAME, "hosts")
        root, root_key = self._authority(Branch.OPERATORS)
        certificate = server_certificate(root, root_key, hosts, key, at)
        return self._keep(Branch.OPERATORS, certificate)

    def renew(self, request: RenewalRequest, at: datetime) -> bytes:
        """Return a successor certificate for the same name and a new key.

        Raises RefusedError(`not_found`, `revoked`, `expired`): a gate that stayed away for longer
        than its certificate lives is approved again on site; its doors work all the same.
        """
        branch, old = self._find(request.serial)
        if request.serial in dict(self._revoked(branch)):
            raise RefusedError(ReasonCode.REVOKED, rule=_RULE)
        if at >= old.not_valid_after_utc:
            raise RefusedError(ReasonCode.EXPIRED, rule=_RULE)
        check_renewal_signature(request, old)
        return self._issue_client(branch, request.request_pem, _name_of(old), at)

    def revoke(self, name: str, at: datetime) -> int:
        """Revoke every certificate of a name; return how many were added to the list.

        The broker learns of it on SIGHUP and keeps connections that are open: they end by a
        restart, which keeps the sessions of all others (protocol §2.3).
        """
        added = 0
        with only_one_writer(self._folder):
            for branch in Branch:
                revoked = dict(self._revoked(branch))
                issued = self._issued(branch)
                mine = {c.serial_number for c in issued if _name_of(c) == name} - set(revoked)
                if mine:
                    revoked.update(dict.fromkeys(sorted(mine), at))
                    self._write_list(branch, tuple(revoked.items()), at)
                    added += len(mine)
            self._join_lists()
        return added

    def is_revoked(self, serial: int) -> bool:
        """Say whether a serial number is on one of the lists."""
        return any(serial in dict(self._revoked(branch)) for branch in Branch)

    def renew_lists(self, at: datetime) -> None:
        """Issue both revocation lists again with a new date; do it daily."""
        with only_one_writer(self._folder):
            for branch in Branch:
                self._write_list(branch, self._revoked(branch), at)
            self._join_lists()

    def crl_status(self, at: datetime) -> tuple[CrlStatus, ...]:
        """Return the age of both lists, for the alarm at half of their life."""
        found = []
        for branch in Branch:
            crl = self._list(branch)
            end = crl.next_update_utc
            if end is None:
                raise ConfigError(ReasonCode.TLS_INVALID, self._list_file(branch).name)
            used = (at - crl.last_update_utc) / (end - crl.last_update_utc)
            found.append(CrlStatus(branch, end, used))
        return tuple(found)

    def _create_branch(self, site: str, branch: Branch, at: datetime) -> None:
        make_folder(self._folder / branch.value)
        make_folder(self._folder / branch.value / "issued")
        key = ec.generate_private_key(ec.SECP256R1())
        root = root_certificate(key, site, branch, at)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_file(self._folder / branch.value / "root.key", pem)
        write_file(self._root_file(branch), root.public_bytes(Encoding.PEM))
        crl = revocation_list(root, key, (), 1, at)
        write_file(self._list_file(branch), crl.public_bytes(Encoding.PEM))

    def _issue_client(self, branch: Branch, request_pem: bytes, name: str, at: datetime) -> bytes:
        key = read_request(request_pem, name)
        root, root_key = self._authority(branch)
        return self._keep(branch, client_certificate(root, root_key, name, key, at))

    def _keep(self, branch: Branch, certificate: x509.Certificate) -> bytes:
        pem = certificate.public_bytes(Encoding.PEM)
        write_file(self._issued_file(branch, certificate.serial_number), pem)
        return pem

    def _find(self, serial: int) -> tuple[Branch, x509.Certificate]:
        for branch in Branch:
            path = self._issued_file(branch, serial)
            if path.is_file():
                return branch, _read_certificate(path)
        raise RefusedError(ReasonCode.NOT_FOUND, rule=_RULE)

    def _authority(self, branch: Branch) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        pem = read_file(self._folder / branch.value / "root.key")
        return _read_certificate(self._root_file(branch)), read_private_key(pem, "root.key")

    def _issued(self, branch: Branch) -> list[x509.Certificate]:
        folder = self._folder / branch.value / "issued"
        return [_read_certificate(path) for path in sorted(folder.glob("*.pem"))]

    def _list(self, branch: Branch) -> x509.CertificateRevocationList:
        path = self._list_file(branch)
        try:
            return x509.load_pem_x509_crl(read_file(path))
        except ValueError as error:
            raise ConfigError(ReasonCode.TLS_INVALID, path.name) from error

    def _revoked(self, branch: Branch) -> tuple[tuple[int, datetime], ...]:
        return tuple(
            (entry.serial_number, entry.revocation_date_utc) for entry in self._list(branch)
        )

    def _write_list(
        self, branch: Branch, revoked: tuple[tuple[int, datetime], ...], at: datetime
    ) -> None:
        root, root_key = self._authority(branch)
        number = self._list(branch).extensions.get_extension_for_class(x509.CRLNumber).value
        crl = revocation_list(root, root_key, revoked, number.crl_number + 1, at)
        write_file(self._list_file(branch), crl.public_bytes(Encoding.PEM))

    def _join_lists(self) -> None:
        both = b"".join(read_file(self._list_file(branch)) for branch in Branch)
        write_file(self.crl_file, both)

    def _root_file(self, branch: Branch) -> Path:
        return self._folder / branch.value / "root.pem"

    def _list_file(self, branch: Branch) -> Path:
        return self._folder / branch.value / "revoked.pem"

    def _issued_file(self, branch: Branch, serial: int) -> Path:
        return self._folder / branch.value / "issued" / f"{serial:040x}.pem"


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_file(path))
    except ValueError as error:
        raise ConfigError(ReasonCode.TLS_INVALID, path.name) from error


def _name_of(certificate: x509.Certificate) -> str:
    value = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return value if isinstance(value, str) else value.decode()
