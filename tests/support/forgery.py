"""Certificates that our authority would never sign, made with its stolen keys or with others."""

import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mqtt.broker.home import BrokerHome
from mqtt.client.ca_profiles import Branch, root_certificate
from mqtt.client.tls import TlsFiles

__all__ = ["Authority", "stolen_authority", "strange_authority"]


@dataclass(frozen=True)
class Authority:
    """Whoever signs."""

    root: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    trust: Path

    def forge(self, common_name: str, folder: Path, at: datetime) -> TlsFiles:
        """Sign a client certificate for 90 days with any name at all."""
        key = ec.generate_private_key(ec.SECP256R1())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            name = x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)
        certificate = (
            x509.CertificateBuilder()
            .issuer_name(self.root.subject)
            .subject_name(x509.Name([name]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(hours=1))
            .not_valid_after(at + timedelta(days=90))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        files = TlsFiles(self.trust, folder / "forged.pem", folder / "forged.key")
        files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files.key.write_bytes(pem)
        return files


def stolen_authority(home: BrokerHome) -> Authority:
    """Return the gates' root with its stolen key."""
    branch = home.ca.trust_file.parent / Branch.GATES.value
    root = x509.load_pem_x509_certificate((branch / "root.pem").read_bytes())
    key = load_pem_private_key((branch / "root.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Authority(root, key, home.ca.broker_trust_file)


def strange_authority(home: BrokerHome, at: datetime) -> Authority:
    """Return a root that has the name of ours and another key."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = root_certificate(key, "site-one", Branch.GATES, at)
    return Authority(root, key, home.ca.broker_trust_file)
