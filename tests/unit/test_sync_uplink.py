"""The uplink on the in-memory broker: presence, events, commands, redemptions."""

import msgspec
import pytest

from edge.domain.effects import Reply, TellGates, TellMove
from edge.domain.inputs import FeedHeard, MoveHeard, RedemptionHeard
from edge.gate.mail import Mail
from edge.gate.presence import HEARTBEAT_MS
from mqtt.client.port import ConnectionUnstable, Message, SubscriptionRefused
from mqtt.contract.audit import EMPTY_ROOT
from mqtt.contract.commands import CommandResult
from mqtt.contract.envelope import key_id
from mqtt.contract.events import Ack, seal_ack
from mqtt.contract.ids import GateId, SiteId, id_to_text
from mqtt.contract.presence import GateState, PresenceTracker
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.redemption import Feed, Move, Spent, seal_feed
from mqtt.contract.topics import TopicKind
from mqtt.contract.versions import READS
from tests.support.gate_link import BOOT_ID, OTHER_GATE, GateLink
from tests.support.gate_log import ACK_SIGNER, GATE, GATE_SIGNER, SITE, FakeController, fill

KEYS = {key_id(GATE_SIGNER.public_key): GATE_SIGNER.public_key}


@pytest.fixture
def link() -> GateLink:
    made = GateLink()
    made.start()
    return made


def test_a_gate_says_that_it_is_there_and_its_will_that_it_is_gone(link: GateLink) -> None:
    states = [msgspec.json.decode(raw, type=GateState) for raw in link.payloads(TopicKind.STATE)]
    assert states == [GateState(True, id_to_text(BOOT_ID))]
    link.broker.cut(GATE)
    link.run(2_000)
    gone = msgspec.json.decode(link.payloads(TopicKind.STATE)[-1], type=GateState)
    assert gone == GateState(False, id_to_text(BOOT_ID))


def test_births_and_heartbeats_are_signed_and_believed(link: GateLink) -> None:
    tracker = PresenceTracker(SITE, GATE, KEYS)
    birth = tracker.hear_birth(link.payloads(TopicKind.BIRTH)[0])
    assert (birth.boot_counter, birth.epoch, birth.size) == (1, 1, 0)
    link.run(3 * HEARTBEAT_MS)
    beats = [tracker.hear_heartbeat(raw) for raw in link.payloads(TopicKind.HEARTBEAT)]
    assert len(beats) == 3
    assert beats[0].doors == {"north": "secured"}
    assert beats[0].methods == {"qr": "ready"}


def test_a_birth_is_said_again_when_the_controller_asks_and_not_in_a_burst(
    link: GateLink,
) -> None:
    asking = Ack(SITE, GATE, 1, 0, EMPTY_ROOT, dict(READS), announce=True)
    link.run(2_000)
    for _ in range(5):
        link.send(TopicKind.ACK, seal_ack(asking, ACK_SIGNER))
    link.run(500)
    assert len(link.payloads(TopicKind.BIRTH)) == 2
    link.run(1_000)
    link.send(TopicKind.ACK, seal_ack(asking, ACK_SIGNER))
    link.run(500)
    tracker = PresenceTracker(SITE, GATE, KEYS)
    births = [tracker.hear_birth(raw) for raw in link.payloads(TopicKind.BIRTH)]
    assert len(births) == 3


def test_each_connection_has_a_birth_with_what_is_held(link: GateLink) -> None:
    link.broker.cut(GATE)
    link.run(1_000)
    link.broker.mend(GATE)
    link.run(60_000)
    tracker = PresenceTracker(SITE, GATE, KEYS)
    births = [tracker.hear_birth(raw) for raw in link.payloads(TopicKind.BIRTH)]
    assert len(births) == 2
    assert set(births[1].documents) == {"keys", "roster"}
    assert births[1].mono_ms > births[0].mono_ms


def test_events_arrive_once_in_order_and_are_let_go(link: GateLink) -> None:
    fill(link.log, 100)
    link.uplink.committed(link.clock.now())
    link.run(2_000)
    assert link.controller.order == [(1, seq) for seq in range(100)]
    assert link.log.heads()[-1].acked == 100
    assert link.controller.doubles == 0


def test_a_broker_that_loses_everything_after_puback_loses_nothing(link: GateLink) -> None:
    link.acks = False
    fill(link.log, 40)
    link.uplink.committed(link.clock.now())
    link.run(1_000)
    link.controller = FakeController()
    link.acks = True
    link.run(20_000)
    assert link.controller.order == [(1, seq) for seq in range(40)]


def test_an_acknowledgement_by_another_key_moves_nothing(link: GateLink) -> None:
    link.acks = False
    fill(link.log, 3)
    link.uplink.committed(link.clock.now())
    forged = FakeController.sealed(1, 3, link.log.root_at(3), OTHER_GATE)
    link.send(TopicKind.ACK, forged)
    link.run(1_000)
    assert link.log.heads()[-1].acked == 0
    assert ("health", ReasonCode.UNKNOWN_KEY, "") in link.observed()


def test_a_fork_and_a_log_that_was_set_back_are_told(link: GateLink) -> None:
    link.acks = False
    fill(link.log, 3)
    link.uplink.committed(link.clock.now())
    link.send(TopicKind.ACK, FakeController.sealed(1, 2, b"x" * 32))
    link.step()
    link.send(TopicKind.ACK, FakeController.sealed(1, 9, b"x" * 32))
    link.step()
    reasons = [reason for _, reason, _ in link.observed()]
    assert [reason for reason in reasons if reason is not ReasonCode.ADOPTED] == [
        ReasonCode.FORK,
        ReasonCode.EPOCH_CHANGED,
    ]
    tracker = PresenceTracker(SITE, GATE, KEYS)
    births = [tracker.hear_birth(raw) for raw in link.payloads(TopicKind.BIRTH)]
    assert [birth.epoch for birth in births] == [1, 2]


def test_a_command_arrives_once_it_passed_every_check(link: GateLink) -> None:
    link.send(TopicKind.COMMAND, link.command())
    link.step()
    assert [command.access_point for command in link.commands()] == ["north-in"]


def test_G01_a_retained_command_is_ignored_and_an_alarm(link: GateLink) -> None:
    link.broker.cut(GATE)
    link.run(1_000)
    link.send(TopicKind.COMMAND, link.command(), retain=True)
    link.run(1_000)
    link.broker.mend(GATE)
    link.run(60_000)
    kept = link.broker.retained(f"ac/1/{SITE}/{GATE}/dn/cmd")
    assert kept is None or kept.payload
    retained = [reason for kind, reason, _ in link.observed() if kind == "command"]
    assert ReasonCode.RETAINED in retained
    assert len(link.commands()) <= 1, "the copy that waited in the session, at most"


def test_G02_a_command_for_a_gate_that_was_away_is_not_carried_out(link: GateLink) -> None:
    link.broker.cut(GATE)
    link.run(1_000)
    late = link.command(deadline_mono_ms=link.clock.now().mono_ms + 5_000)
    link.send(TopicKind.COMMAND, late)
    link.run(6_000)
    link.broker.mend(GATE)
    link.run(60_000)
    link.send(TopicKind.COMMAND, late)
    link.step()
    assert link.commands() == []
    assert ("command", ReasonCode.LATE, "") in link.observed()


def test_G04_a_forged_command_burns_nothing(link: GateLink) -> None:
    good = link.command()
    forged = good[:-1] + bytes([good[-1] ^ 1])
    link.send(TopicKind.COMMAND, forged)
    link.send(TopicKind.COMMAND, link.command(boot_id=b"x" * 16))
    link.step()
    assert link.commands() == []
    link.send(TopicKind.COMMAND, good)
    link.step()
    assert len(link.commands()) == 1


def test_a_flood_of_bad_messages_is_recorded_once_a_minute(link: GateLink) -> None:
    for _ in range(500):
        link.send(TopicKind.COMMAND, b"rubbish")
        link.step()
    assert sum(kind == "command" for kind, _, _ in link.observed()) == 1
    link.run(61_000, tick_ms=1_000)
    link.send(TopicKind.COMMAND, b"rubbish")
    link.step()
    assert sum(kind == "command" for kind, _, _ in link.observed()) == 2


def test_an_answer_goes_out_with_the_id_of_the_command(link: GateLink) -> None:
    link.uplink.reply(Reply(b"i" * 16, True, ReasonCode.REMOTE_OPEN), link.clock.now())
    link.step()
    kind, message = link.heard[-1]
    assert kind is TopicKind.RESPONSE
    answer = msgspec.json.decode(message.payload, type=CommandResult)
    assert answer == CommandResult(id_to_text(b"i" * 16), True, ReasonCode.REMOTE_OPEN)
    assert message.correlation == b"i" * 16


def feed(mono_ms: int, spent: tuple[Spent, ...] = (), moves: tuple[Move, ...] = ()) -> bytes:
    return seal_feed(Feed(SITE, "gate-south", 3, mono_ms, spent, moves), OTHER_GATE)


def tell_from_south(link: GateLink, payload: bytes) -> None:
    topic = f"ac/1/{SITE}/_/redeem/gate-south"
    link.desk.publish(Message(topic, payload, 1))
    link.step()


def test_another_gate_s_news_becomes_inputs_once(link: GateLink) -> None:
    news = feed(5, (Spent(b"pass-001", 2, 77),), (Move(b"holder-1", "", "yard"),))
    link.inputs.clear()
    tell_from_south(link, news)
    tell_from_south(link, news)
    now = link.clock.now()
    assert link.inputs[:3] == [
        FeedHeard(now, "gate-south"),
        RedemptionHeard(now, "gate-south", b"pass-001", 2, 77),
        MoveHeard(now, "gate-south", b"holder-1", "", "yard", now.utc_ms),
    ]
    assert [reason for _, reason, _ in link.observed()] == [ReasonCode.REPLAYED]


def test_news_under_another_gate_s_name_is_refused(link: GateLink) -> None:
    link.inputs.clear()
    link.desk.publish(Message(f"ac/1/{SITE}/_/redeem/gate-west", feed(5), 1))
    link.step()
    assert [reason for _, reason, _ in link.observed()] == [ReasonCode.KEY_OUT_OF_SCOPE]


def test_own_news_leaves_at_once_and_waits_while_the_broker_is_away(link: GateLink) -> None:
    link.uplink.tell_gates(TellGates(b"pass-001", 1), link.clock.now())
    link.step()
    sent = len(link.payloads(TopicKind.REDEEM))
    link.broker.cut(GATE)
    link.run(1_000)
    link.uplink.tell_gates(TellGates(b"pass-002", 1), link.clock.now())
    link.uplink.tell_gates(TellMove(b"holder-1", "", "yard"), link.clock.now())
    link.run(1_000)
    assert len(link.payloads(TopicKind.REDEEM)) == sent
    link.broker.mend(GATE)
    link.run(60_000)
    told = b"".join(link.payloads(TopicKind.REDEEM))
    assert told.count(b"pass-001") == told.count(b"pass-002") == told.count(b"holder-1") == 1


def test_a_sign_of_life_every_20_s_proves_the_own_feed(link: GateLink) -> None:
    link.inputs.clear()
    link.run(61_000)
    own = [item for item in link.inputs if item == FeedHeard(item.at, GATE)]
    assert len(own) in {3, 4}


def test_G08_a_second_client_under_our_name_and_a_refused_filter_are_told(
    link: GateLink,
) -> None:
    link.uplink.on_item(ConnectionUnstable(4, 60.0, taken_over=True), link.clock.now())
    link.uplink.on_item(SubscriptionRefused("ac/#"), link.clock.now())
    reasons = [reason for _, reason, _ in link.observed()][-2:]
    assert reasons == [ReasonCode.NAME_TAKEN, ReasonCode.NOT_ALLOWED]


def test_topics_that_are_not_for_a_gate_are_refused(link: GateLink) -> None:
    link.desk.publish(Message(f"ac/1/{SITE}/{GATE}/dn/nonsense", b"x", 1))
    link.step()
    assert link.observed()[-1][1] is ReasonCode.BAD_TOPIC


def test_without_a_broker_nothing_is_kept_for_it(link: GateLink) -> None:
    link.session.stop()
    link.step()
    assert not link.uplink.is_connected
    link.uplink.reply(Reply(b"i" * 16, True, ReasonCode.REMOTE_OPEN), link.clock.now())
    link.uplink.on_tick(link.clock.now())
    assert link.payloads(TopicKind.RESPONSE) == []


def test_the_mail_travels_as_the_contract_says() -> None:
    mail = Mail(SiteId(SITE), GateId(GATE))
    will = mail.state(online=False, boot_id=BOOT_ID)
    assert (will.topic, will.retain, will.qos) == (f"ac/1/{SITE}/{GATE}/state", True, 1)
    assert mail.subscriptions() == ((f"ac/1/{SITE}/{GATE}/dn/#", 1), (f"ac/1/{SITE}/_/redeem/+", 1))
    assert mail.message(TopicKind.HEARTBEAT, b"x").expiry_s == 30
