"""The attack list of protocol.md §7.1 (30, 35) against mosquitto with our configuration."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from mqtt.client.ca_requests import make_key_and_request
from mqtt.client.port import (
    Connected,
    Disconnected,
    Inbound,
    Loss,
    Message,
    PublishResult,
    SubscriptionRefused,
)
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles, client_context
from mqtt.contract.ids import GateId
from mqtt.contract.topics import DocumentName, TopicKind, build
from tests.support.broker import SITE, MosquittoDesk, down, joined, running_mosquitto, up
from tests.support.forgery import stolen_authority, strange_authority

SPARE = "gate-59"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoDesk]:
    with running_mosquitto(tmp_path_factory.mktemp("bro ker")) as desk:
        yield desk


def all_topics(gate: str) -> list[str]:
    found = []
    for kind in TopicKind:
        with_document = kind in (TopicKind.GET, TopicKind.WANT, TopicKind.DOCUMENT)
        found.append(build(SITE, GateId(gate), kind, DocumentName.KEYS if with_document else None))
    return found


def refused(desk: MosquittoDesk, tls: TlsFiles | None, name: str = SPARE) -> Loss:
    """Try to connect and return why that failed."""
    client = desk.make(name, tls=tls)
    client.session.start()
    desk.until(lambda: bool(client.inbox.all()))
    client.session.stop()
    assert not client.inbox.of(Connected)
    reason = client.inbox.of(Disconnected)[0].reason
    assert isinstance(reason, Loss)
    return reason


def test_client_id_of_another_gate_cannot_be_taken(desk: MosquittoDesk) -> None:
    victim_name, web, _ = desk.names()
    thief_name, _, _ = desk.names()
    victim = joined(desk, desk.make(victim_name, down(victim_name, "#")))
    sender = joined(desk, desk.make(web))
    desk.cut(victim)
    desk.until(lambda: bool(victim.inbox.of(Disconnected)))
    sender.say(down(victim_name, "cmd"), b"queued for the victim")
    desk.until(lambda: bool(sender.inbox.of(PublishResult)))
    thief = desk.make(thief_name, down(victim_name, "#"), clean_start=True, session_expiry_s=0)
    stolen_id = replace(thief.session._spec, client_id=victim_name)  # type: ignore[attr-defined]  # the attack
    hijack = PahoSession(stolen_id, thief.inbox.put)
    hijack.start()
    desk.until(lambda: bool(thief.inbox.of(Connected)))
    assert thief.inbox.of(Connected) == [Connected(False)]
    hijack.publish(Message(up(victim_name, "ev"), b"forged", 1))
    desk.until(lambda: bool(thief.inbox.of(PublishResult)))
    assert not thief.inbox.of(PublishResult)[0].accepted
    desk.mend(victim)
    desk.until(lambda: victim.inbox.payloads == [b"queued for the victim"])
    assert victim.inbox.of(Connected)[1] == Connected(True)
    hijack.stop()
    assert not thief.inbox.payloads


def test_G06_nothing_of_one_gate_reaches_the_topics_of_another(desk: MosquittoDesk) -> None:
    victim_name, web, ingest = desk.names()
    thief_name, _, _ = desk.names()
    victim = joined(desk, desk.make(victim_name, down(victim_name, "#")))
    watchers = [
        joined(desk, desk.make(web, f"ac/1/{SITE}/+/state", f"ac/1/{SITE}/+/up/rsp")),
        joined(desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev", f"ac/1/{SITE}/_/redeem/+")),
    ]
    before = [len(watcher.inbox.payloads) for watcher in watchers]
    thief = joined(desk, desk.make(thief_name))
    topics = [*all_topics(victim_name), "other", "$SYS/x", f"ac/1/{SITE}/{thief_name}/up/x/y"]
    for retain in (False, True):
        for topic in topics:
            thief.say(topic, b"forged", retain=retain)
    for topic in (down(thief_name, "cmd"), down(thief_name, "want/config")):
        thief.say(topic, b"planted", retain=True)
    expected = 2 * len(topics) + 2
    desk.until(lambda: len(thief.inbox.of(PublishResult)) == expected)
    assert not any(result.accepted for result in thief.inbox.of(PublishResult))
    desk.rest(0.2)
    assert not victim.inbox.payloads
    assert [len(watcher.inbox.payloads) for watcher in watchers] == before
    again = joined(desk, desk.make(thief_name, down(thief_name, "#")))
    desk.rest(0.2)
    assert not again.inbox.payloads


def test_G06_will_on_a_foreign_topic_is_not_delivered(desk: MosquittoDesk) -> None:
    victim_name, web, _ = desk.names()
    thief_name, _, _ = desk.names()
    victim = joined(desk, desk.make(victim_name, down(victim_name, "#")))
    watcher = joined(
        desk, desk.make(web, f"ac/1/{SITE}/{victim_name}/state", f"ac/1/{SITE}/+/state")
    )
    for topic in (down(victim_name, "cmd"), f"ac/1/{SITE}/{victim_name}/state"):
        will = Message(topic, b"forged will", 1, retain=True)
        thief = desk.make(thief_name, will=will, clean_start=True, session_expiry_s=0)
        thief.session.start()
        desk.until(lambda: bool(thief.inbox.all()))  # noqa: B023  waits before the next round
        desk.cut(thief)
        desk.rest(0.3)
        thief.session.stop()
        desk.mend(thief)
    assert not victim.inbox.payloads
    assert b"forged will" not in watcher.inbox.payloads


def test_G06_wildcard_subscriptions_show_a_gate_only_its_own(desk: MosquittoDesk) -> None:
    victim_name, web, ingest = desk.names()
    thief_name, _, _ = desk.names()
    filters = ("#", "+/+/+/+/#", "$SYS/#", f"ac/1/{SITE}/+/dn/cmd", f"ac/1/{SITE}/{victim_name}/#")
    thief = joined(desk, desk.make(thief_name, *filters))
    victim = joined(desk, desk.make(victim_name, down(victim_name, "#")))
    sender = joined(desk, desk.make(web))
    acks = joined(desk, desk.make(ingest))
    sender.say(down(victim_name, "cmd"), b"command")
    sender.say(down(victim_name, "want/policy"), b"header", retain=True)
    acks.say(down(victim_name, "ack"), b"ack")
    victim.say(up(victim_name, "ev"), b"event")
    desk.until(lambda: len(victim.inbox.payloads) == 3)
    desk.rest(0.2)
    assert not [item for item in thief.inbox.of(Inbound) if victim_name in item.message.topic]
    assert not thief.inbox.payloads
    assert not thief.inbox.of(SubscriptionRefused)


@pytest.mark.parametrize(
    "name",
    [
        "gate-00/up",
        "+",
        "#",
        "gate-+",
        "ctl-web-00/x",
        "nobody-here",
        "%u",
        "g" * 300,
        "gate-00\x00",
        " ",
    ],
)
def test_odd_name_signed_with_a_stolen_key_gains_nothing(
    desk: MosquittoDesk, tmp_path: Path, name: str
) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#")))
    watcher = joined(desk, desk.make(web, f"ac/1/{SITE}/+/state", f"ac/1/{SITE}/+/up/rsp"))
    before = len(watcher.inbox.payloads)
    files = stolen_authority(desk.home).forge(name, tmp_path, desk.at)
    odd = desk.make(SPARE, "#", down(gate, "#"), tls=files, clean_start=True, session_expiry_s=0)
    odd.session.start()
    desk.until(lambda: bool(odd.inbox.all()))
    if odd.inbox.of(Connected):
        topics = [*all_topics(gate), *all_topics("gate-00"), f"ac/1/{SITE}/gate-00/up/up/ev"]
        for topic in topics:
            odd.say(topic, b"odd")
        desk.until(lambda: len(odd.inbox.of(PublishResult)) == len(topics))
        assert not any(result.accepted for result in odd.inbox.of(PublishResult))
        watcher.say(down(gate, "cmd"), b"command")
        desk.until(lambda: receiver.inbox.payloads == [b"command"])
        desk.rest(0.1)
    odd.session.stop()
    assert not odd.inbox.payloads
    assert b"odd" not in watcher.inbox.payloads[before:]


def test_certificate_of_a_strange_authority_is_refused(desk: MosquittoDesk, tmp_path: Path) -> None:
    stranger = strange_authority(desk.home, desk.at)
    assert refused(desk, stranger.forge(SPARE, tmp_path, desk.at)) is Loss.REFUSED


def test_expired_client_certificate_is_refused(desk: MosquittoDesk, tmp_path: Path) -> None:
    long_ago = desk.at - timedelta(days=91)
    forged = stolen_authority(desk.home).forge(SPARE, tmp_path, long_ago)
    assert refused(desk, forged) is Loss.REFUSED


def test_certificate_of_the_broker_is_no_client(desk: MosquittoDesk) -> None:
    home = desk.home.config_file.parent
    files = TlsFiles(desk.home.ca.broker_trust_file, home / "broker.pem", home / "broker.key")
    assert refused(desk, files) is Loss.REFUSED


def test_plain_tcp_is_refused(desk: MosquittoDesk) -> None:
    assert refused(desk, None) in (Loss.REFUSED, Loss.UNREACHABLE)


def knock(desk: MosquittoDesk, context: ssl.SSLContext) -> bool:
    """Say whether the broker accepts this TLS; raise what the handshake raises."""
    accepted: list[int] = []
    version = CallbackAPIVersion.VERSION2
    client = paho.Client(version, SPARE, protocol=paho.MQTTv5, reconnect_on_failure=False)
    client.tls_set_context(context)
    client.on_connect = lambda *_arguments: accepted.append(1)
    client.connect("127.0.0.1", desk.port, clean_start=True)
    while client.loop(0.2) == paho.MQTT_ERR_SUCCESS and not accepted:
        pass
    client.on_connect = None
    return bool(accepted)


def test_tls_1_2_is_refused(desk: MosquittoDesk) -> None:
    context = client_context(desk.home.identity(SPARE, desk.at))
    assert knock(desk, context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        knock(desk, context)


def test_connection_without_client_certificate_is_refused(desk: MosquittoDesk) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(desk.home.ca.broker_trust_file))
    assert not knock(desk, context)


@pytest.mark.parametrize("case", ["stolen gate certificate", "certificate of another host"])
def test_gate_refuses_a_broker_that_is_not_ours(
    desk: MosquittoDesk, tmp_path: Path, case: str
) -> None:
    gate, _, _ = desk.names()
    identity = desk.home.identity(gate, desk.at)
    certificate, key = identity.certificate, identity.key
    if case == "certificate of another host":
        certificate, key = tmp_path / "other.pem", tmp_path / "other.key"
        fresh = make_key_and_request("broker")
        key.write_bytes(fresh.key_pem)
        signed = desk.home.ca.issue_server(fresh.request_pem, ("other.example",), desk.at)
        certificate.write_bytes(signed)
    with running_mosquitto(tmp_path) as fake:
        fake.runner.stop()
        text = fake.home.config_file.read_text()
        text = text.replace(str(tmp_path / "broker.pem"), str(certificate))
        text = text.replace(str(tmp_path / "broker.key"), str(key))
        fake.home.config_file.write_text(text)
        fake.runner.start()
        lured = fake.make(gate, tls=identity)
        lured.session.start()
        fake.until(lambda: bool(lured.inbox.all()))
        assert lured.inbox.of(Disconnected)[0].reason is Loss.TLS
        assert not lured.inbox.of(Connected)


def test_G01_retained_command_shows_its_flag_and_can_be_cleared(desk: MosquittoDesk) -> None:
    gate, web, _ = desk.names()
    planter = joined(desk, desk.make(web))
    planter.say(down(gate, "cmd"), b"open", retain=True)
    desk.until(lambda: bool(planter.inbox.of(PublishResult)))
    victim = joined(desk, desk.make(gate, down(gate, "#"), clean_start=True, session_expiry_s=0))
    desk.until(lambda: victim.inbox.payloads == [b"open"])
    assert victim.inbox.of(Inbound)[0].message.retain
    victim.session.stop()
    planter.say(down(gate, "cmd"), b"", retain=True)
    desk.until(lambda: len(planter.inbox.of(PublishResult)) == 2)
    cleared = joined(desk, desk.make(gate, down(gate, "#")))
    desk.rest(0.2)
    assert not cleared.inbox.payloads


def test_message_over_the_limit_ends_only_the_sender(desk: MosquittoDesk) -> None:
    gate, _, ingest = desk.names()
    receiver = joined(desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev"))
    sender = joined(desk, desk.make(gate))
    sender.say(up(gate, "ev"), b"x" * 300_000)
    desk.until(lambda: bool(sender.inbox.of(Disconnected)))
    desk.until(lambda: len(sender.inbox.of(Connected)) == 2)
    sender.say(up(gate, "ev"), b"small")
    desk.until(lambda: receiver.inbox.payloads == [b"small"])
    assert not receiver.inbox.of(Disconnected)
