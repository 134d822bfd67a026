"""The broker's folder: made once, kept, and renewed before anything in it ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from mqtt.broker.acl import ControllerRole
from mqtt.broker.config import MosquittoVersion
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.client.ca_pair import KeyAndCertificate
from mqtt.client.tls import TlsFiles, client_context
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import GateId, SiteId

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EAST = GateId("gate-east")
CLIENTS = BrokerClients(SiteId("site-one"), (EAST,), (("ctl-web", ControllerRole.WEB),))
VERSION = MosquittoVersion(2, 0, 11)


def prepared(folder: Path, at: datetime = AT, host: str = "127.0.0.1") -> BrokerHome:
    home = BrokerHome(folder / "broker")
    home.prepare(CLIENTS, version=VERSION, port=8883, at=at, host=host)
    return home


def serial(files: TlsFiles) -> int:
    return x509.load_pem_x509_certificate(files.certificate.read_bytes()).serial_number


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix}


def test_prepare_again_changes_nothing(tmp_path: Path) -> None:
    prepared(tmp_path).identity(EAST, AT)
    before = contents(tmp_path)
    prepared(tmp_path, AT + timedelta(days=1)).identity(EAST, AT + timedelta(days=1))
    assert contents(tmp_path) == before
    assert len(before) > 8


def test_prepare_renews_lists_and_certificates_before_they_end(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    files = home.identity(EAST, AT)
    first = serial(files)
    broker = KeyAndCertificate(tmp_path / "broker/broker.key", tmp_path / "broker/broker.pem")
    old_broker = broker.serial()
    for months in range(1, 16):
        at = AT + timedelta(days=31 * months)
        again = prepared(tmp_path, at)
        assert not any(status.is_due for status in again.ca.crl_status(at))
        files = again.identity(EAST, at)
        assert KeyAndCertificate(files.key, files.certificate).lasts(at)
        assert broker.lasts(at)
        client_context(files)
    assert serial(files) != first
    assert broker.serial() != old_broker


def test_new_host_gets_a_new_broker_certificate(tmp_path: Path) -> None:
    prepared(tmp_path)
    pair = KeyAndCertificate(tmp_path / "broker/broker.key", tmp_path / "broker/broker.pem")
    assert pair.names(("localhost", "127.0.0.1"))
    before = pair.serial()
    prepared(tmp_path, host="192.0.2.9")
    assert pair.serial() != before
    assert pair.names(("localhost", "127.0.0.1", "192.0.2.9"))


def test_interrupted_replacement_is_made_good(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    files = home.identity(EAST, AT)
    files.certificate.unlink()
    client_context(home.identity(EAST, AT))
    files.key.unlink()
    client_context(home.identity(EAST, AT))


def test_revoked_client_is_not_given_a_new_certificate(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    before = serial(home.identity(EAST, AT))
    remaining = home.revoke_gate(EAST, CLIENTS, AT)
    assert remaining.gates == ()
    assert "gate-east" not in (tmp_path / "broker" / "acl").read_text()
    assert serial(home.identity(EAST, AT + timedelta(days=80))) == before
    with pytest.raises(ContractError):
        home.identity("../gate", AT)
