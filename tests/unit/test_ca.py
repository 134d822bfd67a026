"""The compound's certificate authority: what it signs, what it refuses, what it leaves on disk."""

import stat
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mqtt.client.ca import CompoundCa
from mqtt.client.ca_profiles import Branch
from mqtt.client.ca_requests import KeyAndRequest, make_key_and_request, make_renewal
from mqtt.contract.errors import ConfigError, ContractError, RefusedError, StorageError
from mqtt.contract.reasons import ReasonCode

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ODD_NAMES = (
    "gate/1",
    "gate+1",
    "#",
    "+",
    "Gate-1",
    "abc",
    "",
    "g" * 41,
    "g" * 300,
    "gate\x001",
    "闸机一号",
)


@pytest.fixture
def ca(tmp_path: Path) -> CompoundCa:
    made = CompoundCa(tmp_path / "ca")
    made.create("site-one", AT)
    return made


def request_for(*names: str, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """Make a request with any common names, as an attacker would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        attributes = [
            x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False) for name in names
        ]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    signer = key or ec.generate_private_key(ec.SECP256R1())
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def issue(ca: CompoundCa, gate: str = "gate-east") -> tuple[KeyAndRequest, bytes]:
    fresh = make_key_and_request(gate)
    return fresh, ca.issue_gate(fresh.request_pem, gate, AT)


def root_of(ca: CompoundCa, branch: Branch) -> x509.Certificate:
    roots = x509.load_pem_x509_certificates(ca.trust_file.read_bytes())
    return roots[list(Branch).index(branch)]


def test_gate_certificate_is_what_the_wire_needs(ca: CompoundCa) -> None:
    _, pem = issue(ca)
    certificate = x509.load_pem_x509_certificate(pem)
    certificate.verify_directly_issued_by(root_of(ca, Branch.GATES))
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == ["gate-east"]
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca
    assert certificate.not_valid_after_utc == AT + timedelta(days=90)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_server_certificate_names_hosts_and_cannot_be_a_client(ca: CompoundCa) -> None:
    fresh = make_key_and_request("broker")
    pem = ca.issue_server(fresh.request_pem, ("broker.local", "192.0.2.7"), AT)
    certificate = x509.load_pem_x509_certificate(pem)
    certificate.verify_directly_issued_by(root_of(ca, Branch.OPERATORS))
    hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert hosts.get_values_for_type(x509.DNSName) == ["broker.local"]
    assert [str(ip) for ip in hosts.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    with pytest.raises(ContractError):
        ca.issue_server(fresh.request_pem, (), AT)


def test_roots_are_two_and_sign_only_their_own(ca: CompoundCa) -> None:
    _, pem = issue(ca)
    certificate = x509.load_pem_x509_certificate(pem)
    with pytest.raises(ValueError, match="does not match"):
        certificate.verify_directly_issued_by(root_of(ca, Branch.OPERATORS))
    trusted_by_gates = x509.load_pem_x509_certificates(ca.broker_trust_file.read_bytes())
    assert trusted_by_gates == [root_of(ca, Branch.OPERATORS)]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_common_names_are_refused(ca: CompoundCa, name: str) -> None:
    with pytest.raises(ContractError) as caught:
        make_key_and_request(name)
    assert caught.value.code is ReasonCode.BAD_NAME
    for wanted in (name, "gate-east"):
        with pytest.raises(ContractError):
            ca.issue_gate(request_for(name), wanted, AT)


def test_names_of_gates_and_controllers_never_meet(ca: CompoundCa) -> None:
    with pytest.raises(ContractError):
        ca.issue_gate(make_key_and_request("ctl-web").request_pem, "ctl-web", AT)
    with pytest.raises(ContractError):
        ca.issue_controller(make_key_and_request("gate-east").request_pem, "gate-east", AT)
    assert ca.issue_controller(make_key_and_request("ctl-web").request_pem, "ctl-web", AT)


def test_requests_that_do_not_fit_are_refused(ca: CompoundCa) -> None:
    good = make_key_and_request("gate-east").request_pem
    flipped = bytearray(x509.load_pem_x509_csr(good).public_bytes(Encoding.DER))
    flipped[-1] ^= 1
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    by_rsa = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate-east")])
    )
    cases = {
        ReasonCode.BAD_NAME: [
            make_key_and_request("gate-west").request_pem,
            request_for("gate-east", "gate-west"),
            request_for(),
        ],
        ReasonCode.MALFORMED: [b"", b"not pem", good[:100]],
        ReasonCode.TOO_LARGE: [good + b" " * 5000],
        ReasonCode.WRONG_TYPE: [
            request_for("gate-east", key=ec.generate_private_key(ec.SECP384R1())),
            by_rsa.sign(weak, hashes.SHA256()).public_bytes(Encoding.PEM),
        ],
        ReasonCode.BAD_SIGNATURE: [
            x509.load_der_x509_csr(bytes(flipped)).public_bytes(Encoding.PEM)
        ],
    }
    for code, requests in cases.items():
        for request in requests:
            with pytest.raises(ContractError) as caught:
                ca.issue_gate(request, "gate-east", AT)
            assert caught.value.code is code


def test_nothing_of_a_request_but_its_key_reaches_the_certificate(ca: CompoundCa) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate-east")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ctl-web")]), critical=False)
    )
    request = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    certificate = x509.load_pem_x509_certificate(ca.issue_gate(request, "gate-east", AT))
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_serial_numbers_are_random(ca: CompoundCa) -> None:
    serials = {x509.load_pem_x509_certificate(issue(ca)[1]).serial_number for _ in range(20)}
    assert len(serials) == 20
    assert all(serial > 2**100 for serial in serials)


def test_files_belong_to_their_owner_alone(ca: CompoundCa, tmp_path: Path) -> None:
    issue(ca)
    found = list((tmp_path / "ca").rglob("*"))
    assert len(found) > 8
    for path in [tmp_path / "ca", *found]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path.name
    assert not [path for path in found if path.name.startswith(".") and path.name != ".lock"]


def test_create_never_overwrites_an_authority(ca: CompoundCa) -> None:
    before = ca.trust_file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        ca.create("site-one", AT)
    assert caught.value.code is ReasonCode.CONFLICT
    assert ca.trust_file.read_bytes() == before


def test_missing_or_damaged_authority_is_a_clear_error(ca: CompoundCa, tmp_path: Path) -> None:
    request = make_key_and_request("gate-east").request_pem
    with pytest.raises(ConfigError):
        CompoundCa(tmp_path / "nowhere").issue_gate(request, "gate-east", AT)
    (tmp_path / "ca" / "gates" / "root.key").write_bytes(b"half a key")
    with pytest.raises(ConfigError) as caught:
        ca.issue_gate(request, "gate-east", AT)
    assert caught.value.code is ReasonCode.TLS_INVALID
    (tmp_path / "ca" / "gates" / "revoked.pem").write_bytes(b"")
    with pytest.raises(ConfigError):
        ca.crl_status(AT)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        CompoundCa(tmp_path / "file" / "ca").create("site-one", AT)


def test_keys_are_not_printed(ca: CompoundCa) -> None:
    fresh, _ = issue(ca)
    assert b"PRIVATE" in fresh.key_pem
    assert "PRIVATE" not in repr(fresh)
    assert "PRIVATE" not in f"{fresh}"


def test_renewal_is_signed_with_the_old_key(ca: CompoundCa) -> None:
    old, old_pem = issue(ca)
    later = AT + timedelta(days=80)
    fresh = make_key_and_request("gate-east")
    renewed = ca.renew(make_renewal(fresh, old_pem, old.key_pem), later)
    certificate = x509.load_pem_x509_certificate(renewed)
    assert certificate.not_valid_after_utc == later + timedelta(days=90)
    stranger = make_key_and_request("gate-east")
    forged = make_renewal(fresh, old_pem, stranger.key_pem)
    with pytest.raises(ContractError) as caught:
        ca.renew(forged, later)
    assert caught.value.code is ReasonCode.BAD_SIGNATURE


def test_renewal_cannot_change_the_name(ca: CompoundCa) -> None:
    old, old_pem = issue(ca)
    other = make_key_and_request("gate-west")
    with pytest.raises(ContractError) as caught:
        ca.renew(make_renewal(other, old_pem, old.key_pem), AT)
    assert caught.value.code is ReasonCode.BAD_NAME


def test_renewal_of_revoked_expired_or_unknown_is_refused(ca: CompoundCa, tmp_path: Path) -> None:
    old, old_pem = issue(ca)
    renewal = make_renewal(make_key_and_request("gate-east"), old_pem, old.key_pem)
    elsewhere = CompoundCa(tmp_path / "other")
    elsewhere.create("site-two", AT)
    with pytest.raises(RefusedError) as unknown:
        elsewhere.renew(renewal, AT)
    with pytest.raises(RefusedError) as expired:
        ca.renew(renewal, AT + timedelta(days=90))
    ca.revoke("gate-east", AT)
    with pytest.raises(RefusedError) as revoked:
        ca.renew(renewal, AT)
    assert [error.value.code for error in (unknown, expired, revoked)] == [
        ReasonCode.NOT_FOUND,
        ReasonCode.EXPIRED,
        ReasonCode.REVOKED,
    ]


def test_revoke_lists_every_certificate_of_a_name_once(ca: CompoundCa) -> None:
    serials = {x509.load_pem_x509_certificate(issue(ca)[1]).serial_number for _ in range(2)}
    issue(ca, "gate-west")
    assert ca.revoke("gate-east", AT) == 2
    assert ca.revoke("gate-east", AT) == 0
    assert ca.revoke("nobody-here", AT) == 0
    blocks = ca.crl_file.read_bytes().split(b"-----END X509 CRL-----\n")[:-1]
    lists = [x509.load_pem_x509_crl(block + b"-----END X509 CRL-----\n") for block in blocks]
    assert len(lists) == 2
    gates, operators = lists
    assert {entry.serial_number for entry in gates} == serials
    assert not list(operators)
    key = root_of(ca, Branch.GATES).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert gates.is_signature_valid(key)
    assert gates.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


def test_old_revocation_lists_are_noticed_before_they_lock_everybody_out(ca: CompoundCa) -> None:
    issue(ca)
    ca.revoke("gate-east", AT)
    assert not any(status.is_due for status in ca.crl_status(AT + timedelta(days=14)))
    due = ca.crl_status(AT + timedelta(days=16))
    assert all(status.is_due and not status.is_overdue for status in due)
    assert all(status.is_overdue for status in ca.crl_status(AT + timedelta(days=31)))
    ca.renew_lists(AT + timedelta(days=16))
    fresh = ca.crl_status(AT + timedelta(days=16))
    assert not any(status.is_due for status in fresh)
    assert b"X509 CRL" in ca.crl_file.read_bytes()
    assert ca.revoke("gate-east", AT) == 0
