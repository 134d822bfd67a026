"""Revoking and renewing certificates while mosquitto runs (protocol.md §2.3, §7.1 cases 31-34)."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mqtt.broker.home import BrokerClients
from mqtt.client.ca_files import write_file
from mqtt.client.ca_requests import make_key_and_request, make_renewal
from mqtt.client.port import Connected, Disconnected, Loss, PublishResult
from mqtt.client.tls import TlsFiles
from mqtt.contract.errors import ConfigError, UnavailableError
from mqtt.contract.ids import GateId
from tests.support.broker import (
    CLIENTS,
    SITE,
    MosquittoDesk,
    down,
    joined,
    running_mosquitto,
    up,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MosquittoDesk]:
    with running_mosquitto(tmp_path) as desk:
        yield desk


def test_revoked_gate_is_out_within_five_seconds(desk: MosquittoDesk) -> None:
    stolen_name, web, ingest = desk.names()
    other_name, _, _ = desk.names()
    stolen = joined(desk, desk.make(stolen_name, down(stolen_name, "#")))
    other = joined(desk, desk.make(other_name, down(other_name, "#")))
    watcher = joined(desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev"))
    sender = joined(desk, desk.make(web))
    button_s = time.monotonic()
    desk.home.revoke_gate(stolen_name, CLIENTS, desk.at)
    desk.runner.restart()
    desk.until(lambda: bool(stolen.inbox.of(Disconnected)))
    desk.until(lambda: stolen.inbox.of(Disconnected)[-1].reason is Loss.REFUSED)
    assert time.monotonic() - button_s < 5
    with pytest.raises(UnavailableError):
        stolen.say(up(stolen_name, "ev"), b"forged")
    desk.until(lambda: other.inbox.of(Connected) == [Connected(False), Connected(True)])
    desk.until(lambda: len(watcher.inbox.of(Connected)) == 2)
    desk.until(lambda: len(sender.inbox.of(Connected)) == 2)
    sender.say(down(other_name, "cmd"), b"still served")
    desk.until(lambda: other.inbox.payloads == [b"still served"])
    assert not watcher.inbox.payloads
    assert len(stolen.inbox.of(Connected)) == 1


def test_reload_alone_takes_rights_but_not_the_connection(desk: MosquittoDesk) -> None:
    stolen_name, web, ingest = desk.names()
    stolen = joined(desk, desk.make(stolen_name, down(stolen_name, "#")))
    watcher = joined(desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev"))
    sender = joined(desk, desk.make(web))
    desk.home.revoke_gate(stolen_name, CLIENTS, desk.at)
    desk.runner.reload()
    desk.rest(0.5)
    stolen.say(up(stolen_name, "ev"), b"forged")
    sender.say(down(stolen_name, "cmd"), b"for a thief")
    desk.until(lambda: bool(stolen.inbox.of(PublishResult)))
    desk.rest(0.2)
    assert not stolen.inbox.of(Disconnected)
    assert not stolen.inbox.of(PublishResult)[0].accepted
    assert not watcher.inbox.payloads
    assert not stolen.inbox.payloads


def test_overdue_revocation_list_locks_everybody_out_until_renewed(desk: MosquittoDesk) -> None:
    gate, _, _ = desk.names()
    other, _, _ = desk.names()
    desk.home.ca.renew_lists(desk.at - timedelta(days=31))
    assert all(status.is_overdue for status in desk.home.ca.crl_status(desk.at))
    half = desk.at - timedelta(days=15)
    assert all(status.is_due for status in desk.home.ca.crl_status(half))
    desk.runner.reload()
    desk.rest(0.3)
    locked_out = desk.make(gate)
    locked_out.session.start()
    desk.until(lambda: bool(locked_out.inbox.of(Disconnected)))
    assert locked_out.inbox.of(Disconnected)[0].reason is Loss.REFUSED
    desk.home.ca.renew_lists(desk.at)
    desk.runner.reload()
    desk.until(lambda: bool(locked_out.inbox.of(Connected)))
    joined(desk, desk.make(other))


def test_renewed_certificate_is_used_from_the_next_connection_on(desk: MosquittoDesk) -> None:
    gate, _, _ = desk.names()
    client = joined(desk, desk.make(gate))
    files: TlsFiles = desk.home.identity(gate, desk.at)
    old = files.certificate.read_bytes()
    fresh = make_key_and_request(gate)
    renewal = make_renewal(fresh, old, files.key.read_bytes())
    renewed = desk.home.ca.renew(renewal, desk.at)
    write_file(files.key, fresh.key_pem)
    write_file(files.certificate, renewed)
    desk.cut(client)
    desk.until(lambda: bool(client.inbox.of(Disconnected)))
    desk.mend(client)
    desk.until(lambda: client.inbox.of(Connected) == [Connected(False), Connected(True)])


def test_new_gate_gets_its_rights_by_a_reload(desk: MosquittoDesk) -> None:
    new = GateId("gate-new")
    _, _, ingest = desk.names()
    watcher = joined(desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev"))
    client = joined(desk, desk.make(new))
    client.say(up(new, "ev"), b"too early")
    desk.until(lambda: len(client.inbox.of(PublishResult)) == 1)
    more = BrokerClients(CLIENTS.site, (*CLIENTS.gates, new), CLIENTS.controllers)
    desk.home.write_acl(more)
    desk.runner.reload()
    desk.rest(0.5)
    client.say(up(new, "ev"), b"now")
    desk.until(lambda: watcher.inbox.payloads == [b"now"])
    desk.until(lambda: len(client.inbox.of(PublishResult)) == 2)
    assert [r.accepted for r in client.inbox.of(PublishResult)] == [False, True]
    assert not watcher.inbox.of(Disconnected)


def test_files_that_do_not_fit_are_refused_at_start(desk: MosquittoDesk, tmp_path: Path) -> None:
    gate, _, _ = desk.names()
    files = desk.home.identity(gate, desk.at)
    (tmp_path / "half.pem").write_bytes(files.certificate.read_bytes()[:200])
    missing = TlsFiles(files.trust, tmp_path / "missing.pem", files.key)
    half = TlsFiles(files.trust, tmp_path / "half.pem", files.key)
    untrusting = TlsFiles(tmp_path / "half.pem", files.certificate, files.key)
    for wrong, word in ((missing, "missing.pem"), (half, "half.pem"), (untrusting, "half.pem")):
        with pytest.raises(ConfigError, match=word) as caught:
            desk.make(gate, tls=wrong).session.start()
        assert str(tmp_path) not in str(caught.value)
