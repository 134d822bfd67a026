"""Ask for a certificate: the private key is made where it is used and never leaves that machine."""

import warnings
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from mqtt.contract.errors import ConfigError, ContractError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "KeyAndRequest",
    "RenewalRequest",
    "check_renewal_signature",
    "make_key_and_request",
    "make_renewal",
    "read_private_key",
    "read_request",
]

_RENEWAL_DOMAIN = b"ac1/renew\x00"
_REQUEST_LIMIT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class KeyAndRequest:
    """A new P-256 key (PKCS #8, PEM) and the request for its certificate (PKCS #10, PEM)."""

    key_pem: bytes
    request_pem: bytes

    def __repr__(self) -> str:
        return "KeyAndRequest(key_pem=<redacted>)"


@dataclass(frozen=True, slots=True)
class RenewalRequest:
    """A request for the successor of certificate `serial`, signed with the key of that certificate.

    `signature` is ECDSA P-256 with SHA-256, DER, over a domain string and `request_pem`.
    """

    serial: int
    request_pem: bytes
    signature: bytes


def make_key_and_request(common_name: str) -> KeyAndRequest:
    """Make a fresh key and a request for `common_name`. Raises ContractError(`bad_name`)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, parse_name(common_name))])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key, hashes.SHA256())
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyAndRequest(key_pem, signed.public_bytes(Encoding.PEM))


def make_renewal(fresh: KeyAndRequest, old_certificate: bytes, old_key: bytes) -> RenewalRequest:
    """Sign a request for a fresh key with the old one. Raises ConfigError for bad old files."""
    try:
        serial = x509.load_pem_x509_certificate(old_certificate).serial_number
    except ValueError as error:
        raise ConfigError(ReasonCode.TLS_INVALID, "certificate") from error
    key = read_private_key(old_key, "private key")
    signature = key.sign(_RENEWAL_DOMAIN + fresh.request_pem, ec.ECDSA(hashes.SHA256()))
    return RenewalRequest(serial, fresh.request_pem, signature)


def check_renewal_signature(request: RenewalRequest, old: x509.Certificate) -> None:
    """Verify that the holder of the old key asks. Raises ContractError(`bad_signature`)."""
    key = old.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ContractError(ReasonCode.BAD_SIGNATURE)
    signed = _RENEWAL_DOMAIN + request.request_pem
    try:
        key.verify(request.signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ContractError(ReasonCode.BAD_SIGNATURE) from error


def read_private_key(pem: bytes, name: str) -> ec.EllipticCurvePrivateKey:
    """Read a P-256 key. Raises ConfigError(`tls_invalid`) with `name` as the detail."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(ReasonCode.TLS_INVALID, name) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(ReasonCode.TLS_INVALID, name)
    return key


def read_request(pem: bytes, common_name: str) -> ec.EllipticCurvePublicKey:
    """Check a request and return its key; nothing else of it reaches a certificate.

    The subject must be exactly one common name, equal to `common_name`. Raises ContractError:
    `too_large`, `malformed`, `bad_name`, `bad_signature`, `wrong_type` for another kind of key.
    """
    if len(pem) > _REQUEST_LIMIT_BYTES:
        raise ContractError(ReasonCode.TOO_LARGE, f"{_REQUEST_LIMIT_BYTES} bytes")
    try:
        request = x509.load_pem_x509_csr(pem)
        with warnings.catch_warnings():
            # The library warns of names over 64 characters; they are refused below all the same.
            warnings.simplefilter("ignore", UserWarning)
            attributes = list(request.subject)
        key = request.public_key()
        intact = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ContractError(ReasonCode.MALFORMED, "certificate request") from error
    names = [attribute.value for attribute in attributes]
    if [attribute.oid for attribute in attributes] != [NameOID.COMMON_NAME] or names != [
        parse_name(common_name)
    ]:
        raise ContractError(ReasonCode.BAD_NAME)
    if not intact:
        raise ContractError(ReasonCode.BAD_SIGNATURE)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ContractError(ReasonCode.WRONG_TYPE, "P-256")
    return key
