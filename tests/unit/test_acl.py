"""Who may do what on the wire, and the configuration that makes mosquitto enforce it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mqtt.broker.acl import Acl, ControllerRole, acl_of
from mqtt.broker.config import BrokerPlan, MosquittoVersion, parse_version, render_config
from mqtt.client.filters import Access
from mqtt.contract.errors import ConfigError, ContractError
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.topics import DocumentName, TopicKind, build

SITE = SiteId("site-one")
EAST, WEST = GateId("gate-east"), GateId("gate-west")
GATE_WRITES = {kind for kind in TopicKind if kind.value.startswith("up/")} | {
    TopicKind.STATE,
    TopicKind.REDEEM,
}
WITH_DOCUMENT = (TopicKind.GET, TopicKind.WANT, TopicKind.DOCUMENT)


@pytest.fixture
def acl() -> Acl:
    controllers = (("ctl-web", ControllerRole.WEB), ("ctl-ingest-1", ControllerRole.INGEST))
    return acl_of(SITE, (EAST, WEST), controllers)


def topics_of(gate: GateId, kind: TopicKind) -> list[str]:
    documents = tuple(DocumentName) if kind in WITH_DOCUMENT else (None,)
    return [build(SITE, gate, kind, document) for document in documents]


@pytest.mark.parametrize("kind", TopicKind)
def test_a_gate_writes_and_reads_exactly_its_own(acl: Acl, kind: TopicKind) -> None:
    for topic in topics_of(EAST, kind):
        assert acl.allows(EAST, Access.WRITE, topic) == (kind in GATE_WRITES)
        reads_own = kind.value.startswith("dn/") or kind is TopicKind.REDEEM
        assert acl.allows(EAST, Access.READ, topic) == reads_own
        assert not acl.allows(WEST, Access.WRITE, topic)
        assert acl.allows(WEST, Access.READ, topic) == (kind is TopicKind.REDEEM)


@pytest.mark.parametrize("kind", TopicKind)
def test_each_message_has_one_kind_of_author(acl: Acl, kind: TopicKind) -> None:
    for topic in topics_of(EAST, kind):
        writers = [name for name, _ in acl.users if acl.allows(name, Access.WRITE, topic)]
        assert len(writers) == 1
        readers = [name for name, _ in acl.users if acl.allows(name, Access.READ, topic)]
        assert readers


def test_only_the_web_process_commands_and_only_ingest_acknowledges(acl: Acl) -> None:
    command, ack = build(SITE, EAST, TopicKind.COMMAND), build(SITE, EAST, TopicKind.ACK)
    events = build(SITE, EAST, TopicKind.EVENTS)
    assert acl.allows("ctl-web", Access.WRITE, command)
    assert not acl.allows("ctl-ingest-1", Access.WRITE, command)
    assert acl.allows("ctl-ingest-1", Access.WRITE, ack)
    assert not acl.allows("ctl-web", Access.WRITE, ack)
    assert acl.allows("ctl-ingest-1", Access.READ, events)
    assert not acl.allows("ctl-web", Access.READ, events)


@pytest.mark.parametrize(
    "name", ["nobody", "", "+", "#", "gate-east/up", "gate-east ", "GATE-EAST", "ctl-web-2", "%u"]
)
def test_a_name_that_nobody_registered_gets_nothing(acl: Acl, name: str) -> None:
    for kind in TopicKind:
        for topic in [*topics_of(EAST, kind), "$SYS/broker/uptime", "other"]:
            assert not acl.allows(name, Access.READ, topic)
            assert not acl.allows(name, Access.WRITE, topic)


def test_deeper_and_shorter_topics_are_denied(acl: Acl) -> None:
    own = f"ac/1/{SITE}/{EAST}"
    for topic in (own, f"{own}/up", f"{own}/up/ev/x", f"{own}/up/up/ev", f"{own}/up/get/x", "ac/1"):
        assert not acl.allows(EAST, Access.WRITE, topic)


def test_odd_and_double_names_are_refused() -> None:
    for name in ("gate/1", "gate +", "#", "a" * 41, "gate\nuser ctl-web"):
        with pytest.raises(ContractError):
            acl_of(SITE, (GateId(name),), ())
    with pytest.raises(ConfigError):
        acl_of(SITE, (EAST, EAST), ())
    with pytest.raises(ConfigError):
        acl_of(SITE, (EAST,), ((EAST, ControllerRole.WEB),))


def test_rendered_acl_denies_by_default_and_has_no_patterns(acl: Acl) -> None:
    text = acl.render()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("user ")
    assert {line.split()[0] for line in lines} == {"user", "topic"}
    assert {line.split()[1] for line in lines if line.startswith("topic")} == {"read", "write"}
    assert [line.split()[1] for line in lines if line.startswith("user")] == [
        n for n, _ in acl.users
    ]
    assert "%" not in text
    assert "topic read #" not in text


PLAN = BrokerPlan(
    host="127.0.0.1",
    port=8883,
    trust=Path("/etc/equalgate/trust.pem"),
    revoked=Path("/etc/equalgate/revoked.pem"),
    certificate=Path("/etc/equalgate/broker.pem"),
    key=Path("/etc/equalgate/broker.key"),
    acl=Path("/etc/equalgate/acl"),
    data=Path("/var/lib/equalgate/broker"),
)
V20, V21 = MosquittoVersion(2, 0, 11), MosquittoVersion(2, 1, 2)


def test_configuration_has_every_line_that_security_rests_on() -> None:
    for version in (V20, V21):
        lines = render_config(PLAN, version).splitlines()
        for needed in (
            "listener 8883 127.0.0.1",
            "require_certificate true",
            "use_identity_as_username true",
            "use_username_as_clientid true",
            "tls_version tlsv1.3",
            "allow_anonymous false",
            "acl_file /etc/equalgate/acl",
            "crlfile /etc/equalgate/revoked.pem",
            "set_tcp_nodelay true",
            "max_packet_size 262144",
            "max_queued_messages 1000",
        ):
            assert needed in lines
        assert sum(line.startswith("listener") for line in lines) == 1
        assert not [line for line in lines if line.startswith(("pattern", "bridge", "password"))]
        assert not [
            line for line in lines if "websockets" in line or line == "allow_anonymous true"
        ]


def test_newer_mosquitto_is_told_to_speak_mqtt_5_only() -> None:
    assert "accept_protocol_versions 5" in render_config(PLAN, V21).splitlines()
    assert "accept_protocol_versions" not in render_config(PLAN, V20)


@pytest.mark.parametrize(
    "odd",
    [
        {"port": 0},
        {"port": 65536},
        {"host": "127.0.0.1\nallow_anonymous true"},
        {"host": "127.0.0.1 any"},
        {"host": ""},
        {"run_as": "root\nlistener 1883"},
        {"acl": Path("/etc/acl\nallow_anonymous true")},
        {"data": Path("relative")},
    ],
)
def test_values_cannot_add_lines_to_the_configuration(odd: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        render_config(replace(PLAN, **odd), V20)  # type: ignore[arg-type]  # odd on purpose


def test_version_is_read_and_old_ones_are_refused() -> None:
    assert parse_version("mosquitto version 2.0.11\n\nmosquitto is") == V20
    assert parse_version("mosquitto version 2.1.2\n") == V21
    for text in ("", "mosquitto 3", "mosquitto version 1.6.9", "mosquitto version 2.0.10"):
        with pytest.raises(ConfigError):
            parse_version(text)
