"""The shapes of our certificates and revocation lists (RFC 5280), and nothing else.

    gates      root -> client certificates of gate units
    operators  root -> client certificates of controllers, server certificate of the broker

Two roots: a gate trusts only the operators' root, so a stolen gate key can never play the broker.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

__all__ = [
    "CLIENT_LIFE",
    "CRL_LIFE",
    "Branch",
    "client_certificate",
    "revocation_list",
    "root_certificate",
    "server_certificate",
]

ROOT_LIFE = timedelta(days=3650)
CLIENT_LIFE = timedelta(days=90)
SERVER_LIFE = timedelta(days=397)
CRL_LIFE = timedelta(days=30)
_BACKDATED = timedelta(hours=1)  # a peer whose clock is a little behind still accepts it


@dataclass(frozen=True, slots=True)
class _Leaf:
    life: timedelta
    purpose: ObjectIdentifier


_CLIENT = _Leaf(CLIENT_LIFE, ExtendedKeyUsageOID.CLIENT_AUTH)
_SERVER = _Leaf(SERVER_LIFE, ExtendedKeyUsageOID.SERVER_AUTH)


class Branch(StrEnum):
    """The two separate roots of a compound."""

    GATES = "gates"
    OPERATORS = "operators"


def root_certificate(
    key: ec.EllipticCurvePrivateKey, site: str, branch: Branch, at: datetime
) -> x509.Certificate:
    """Sign a root by itself; it may sign leaves only."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{site} {branch.value}")])
    builder = _builder(name, name, key.public_key(), at, ROOT_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def client_certificate(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    common_name: str,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
) -> x509.Certificate:
    """Sign a certificate that can only open connections, for 90 days."""
    builder = _leaf(_CLIENT, issuer, common_name, key, at)
    return builder.sign(issuer_key, hashes.SHA256())


def server_certificate(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    hosts: tuple[str, ...],
    key: ec.EllipticCurvePublicKey,
    at: datetime,
) -> x509.Certificate:
    """Sign a certificate that can only accept connections, for host names and IP addresses."""
    builder = _leaf(_SERVER, issuer, "broker", key, at)
    names = x509.SubjectAlternativeName([_host_name(host) for host in hosts])
    return builder.add_extension(names, critical=False).sign(issuer_key, hashes.SHA256())


def revocation_list(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    revoked: tuple[tuple[int, datetime], ...],
    number: int,
    at: datetime,
) -> x509.CertificateRevocationList:
    """Sign the complete list of revoked serial numbers; it is overdue after 30 days."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at - _BACKDATED)
        .next_update(at + CRL_LIFE)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_of(issuer), critical=False)
    )
    for serial, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer_key, hashes.SHA256())


def _leaf(
    profile: _Leaf,
    issuer: x509.Certificate,
    common_name: str,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(issuer.subject, subject, key, at, profile.life)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([profile.purpose]), critical=True)
    return builder.add_extension(_authority_of(issuer), critical=False)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(at + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
