"""A private key and its certificate as two files that fit each other, also after a crash."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from mqtt.client.ca_files import read_file, write_file
from mqtt.client.ca_requests import make_key_and_request
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["RENEW_BEFORE", "KeyAndCertificate"]

RENEW_BEFORE = timedelta(days=30)
"""A third of a client certificate's life: a gate that is offline for weeks is still in time."""


@dataclass(frozen=True, slots=True)
class KeyAndCertificate:
    """Where the two files lie."""

    key: Path
    certificate: Path

    def lasts(self, at: datetime) -> bool:
        """Say whether there is a certificate and it need not be renewed yet."""
        if not (self.certificate.exists() and self.key.exists()):
            return False
        return self._read().not_valid_after_utc - at > RENEW_BEFORE

    def names(self, hosts: tuple[str, ...]) -> bool:
        """Say whether a broker's certificate is for exactly these hosts."""
        try:
            found = self._read().extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return False
        return {str(name.value) for name in found.value} == set(hosts)

    def serial(self) -> int:
        """Return the serial number. Raises ConfigError for an unreadable certificate."""
        return self._read().serial_number

    def replace(self, common_name: str, issue: Callable[[bytes], bytes]) -> None:
        """Make a new key, have its request signed and write both; a crash leaves no odd pair."""
        fresh = make_key_and_request(common_name)
        signed = issue(fresh.request_pem)
        self.certificate.unlink(missing_ok=True)
        write_file(self.key, fresh.key_pem)
        write_file(self.certificate, signed)

    def _read(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(read_file(self.certificate))
        except ValueError as error:
            raise ConfigError(ReasonCode.TLS_INVALID, self.certificate.name) from error
