"""TLS of a session: version 1.3, our own certificate, and only the operators' root trusted."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["TlsFiles", "client_context"]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of one client: the root that signs brokers, our certificate and our private key."""

    trust: Path
    certificate: Path
    key: Path


class _TidySocket(ssl.SSLSocket):
    """A socket that does not stay open when the handshake fails, as it does in paho."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context that speaks TLS 1.3 only and checks the broker's name.

    Raises ConfigError(`file_unreadable`) or ConfigError(`tls_invalid`), both naming the file only.
    """
    for path in (files.trust, files.certificate, files.key):
        if not path.is_file():
            raise ConfigError(ReasonCode.FILE_UNREADABLE, path.name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=str(files.trust))
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(ReasonCode.TLS_INVALID, files.trust.name) from error
    try:
        context.load_cert_chain(str(files.certificate), str(files.key))
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(ReasonCode.TLS_INVALID, files.certificate.name) from error
    return context
