"""The broker port, held by mosquitto and by the in-memory broker: sessions, wills, take-over."""

from collections.abc import Iterator

import pytest

from mqtt.client.backoff import Backoff
from mqtt.client.port import (
    Connected,
    ConnectionUnstable,
    Disconnected,
    Inbound,
    Loss,
    Message,
    PublishResult,
)
from mqtt.contract.errors import ConfigError, ContractError, UnavailableError
from tests.support.broker import (
    SITE,
    Client,
    Desk,
    MemoryDesk,
    MosquittoDesk,
    down,
    joined,
    running_mosquitto,
    up,
)

SLOW = Backoff(floor_s=30.0, ceiling_s=60.0)
STATE = f"ac/1/{SITE}/+/state"


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoDesk]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as desk:
        yield desk


@pytest.fixture(params=["memory", "mosquitto"])
def desk(request: pytest.FixtureRequest) -> Desk:
    if request.param == "memory":
        return MemoryDesk()
    real: MosquittoDesk = request.getfixturevalue("mosquitto")
    return real


def will_of(gate: str) -> Message:
    return Message(f"ac/1/{SITE}/{gate}/state", b"offline", 1, retain=True)


def settled(desk: Desk, client: Client, results: int) -> None:
    desk.until(lambda: len(client.inbox.of(PublishResult)) == results)


def test_unacknowledged_comes_again_after_a_reconnection(desk: Desk) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#")))
    sender = joined(desk, desk.make(web))
    sender.say(down(gate, "cmd"), b"committed")
    sender.say(down(gate, "cmd"), b"not committed")
    desk.until(lambda: len(receiver.inbox.payloads) == 2)
    first, second = receiver.inbox.of(Inbound)
    assert receiver.session.ack(first)
    desk.rest(0.1)
    desk.cut(receiver)
    desk.until(lambda: bool(receiver.inbox.of(Disconnected)))
    assert not receiver.session.ack(second)
    desk.mend(receiver)
    desk.until(lambda: len(receiver.inbox.payloads) == 3)
    again = receiver.inbox.of(Inbound)[2]
    assert again.message.payload == b"not committed"
    assert (first.redelivered, again.redelivered) == (False, True)
    assert receiver.inbox.of(Connected) == [Connected(False), Connected(True)]
    assert not receiver.session.ack(second)
    assert receiver.session.ack(again)


def test_a_lasting_session_keeps_what_comes_meanwhile(desk: Desk) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#")))
    sender = joined(desk, desk.make(web))
    desk.cut(receiver)
    desk.until(lambda: bool(receiver.inbox.of(Disconnected)))
    sender.say(down(gate, "doc/config"), b"1")
    sender.say(down(gate, "doc/config"), b"2")
    settled(desk, sender, 2)
    desk.mend(receiver)
    desk.until(lambda: receiver.inbox.payloads == [b"1", b"2"])


def test_a_session_without_expiry_keeps_nothing(desk: Desk) -> None:
    gate, _, ingest = desk.names()
    ev = f"ac/1/{SITE}/+/up/ev"
    receiver = joined(desk, desk.make(ingest, ev, clean_start=True, session_expiry_s=0))
    sender = joined(desk, desk.make(gate))
    desk.cut(receiver)
    desk.until(lambda: bool(receiver.inbox.of(Disconnected)))
    sender.say(up(gate, "ev"), b"missed")
    settled(desk, sender, 1)
    desk.mend(receiver)
    desk.until(lambda: len(receiver.inbox.of(Connected)) == 2)
    sender.say(up(gate, "ev"), b"live")
    desk.until(lambda: bool(receiver.inbox.payloads))
    assert receiver.inbox.payloads == [b"live"]
    assert receiver.inbox.of(Connected) == [Connected(False), Connected(False)]


def test_a_session_ends_with_its_expiry(desk: Desk) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#"), session_expiry_s=1))
    receiver.session.stop()
    sender = joined(desk, desk.make(web))
    sender.say(down(gate, "cmd"), b"late")
    desk.rest(2.5)
    again = joined(desk, desk.make(gate, down(gate, "#"), session_expiry_s=1))
    desk.rest(0.2)
    assert again.inbox.of(Connected) == [Connected(False)]
    assert not again.inbox.payloads


def test_will_is_sent_after_a_cut_and_retained(desk: Desk) -> None:
    gate, web, _ = desk.names()
    watcher = joined(desk, desk.make(web, STATE))
    lost = joined(desk, desk.make(gate, will=will_of(gate)))
    lost.say(f"ac/1/{SITE}/{gate}/state", b"online", retain=True)
    desk.until(lambda: b"online" in watcher.inbox.payloads)
    desk.cut(lost)
    desk.until(lambda: watcher.inbox.payloads[-1] == b"offline")
    _, late_name, _ = desk.names()
    late = joined(desk, desk.make(late_name, STATE))
    desk.until(lambda: b"offline" in late.inbox.payloads)


def test_will_is_discarded_by_an_orderly_end(desk: Desk) -> None:
    gate, web, _ = desk.names()
    watcher = joined(desk, desk.make(web, f"ac/1/{SITE}/{gate}/state", f"ac/1/{SITE}/+/state"))
    leaving = joined(desk, desk.make(gate, will=will_of(gate)))
    leaving.session.stop()
    assert leaving.inbox.all()[-1] == Disconnected(Loss.STOPPED)
    desk.rest(0.3)
    mine = [i for i in watcher.inbox.of(Inbound) if i.message.topic.split("/")[3] == gate]
    assert not mine


def test_will_with_delay_is_withheld_when_the_client_returns(desk: Desk) -> None:
    gate, web, _ = desk.names()
    watcher = joined(desk, desk.make(web, STATE))
    blinking = joined(desk, desk.make(gate, will=will_of(gate), will_delay_s=1))
    desk.cut(blinking)
    desk.until(lambda: bool(blinking.inbox.of(Disconnected)))
    desk.mend(blinking)
    desk.until(lambda: len(blinking.inbox.of(Connected)) == 2)
    desk.rest(2.3)
    mine = [i for i in watcher.inbox.of(Inbound) if i.message.topic.split("/")[3] == gate]
    assert not mine
    desk.cut(blinking)
    desk.until(lambda: b"offline" in watcher.inbox.payloads, within_s=4)


def test_a_second_connection_of_a_name_takes_over(desk: Desk) -> None:
    gate, web, _ = desk.names()
    first = joined(desk, desk.make(gate, down(gate, "#"), backoff=SLOW))
    second = joined(desk, desk.make(gate, down(gate, "#"), backoff=SLOW))
    desk.until(lambda: bool(first.inbox.of(Disconnected)))
    assert first.inbox.of(Disconnected)[0].reason in (Loss.TAKEN_OVER, Loss.CLOSED)
    assert second.inbox.of(Connected) == [Connected(True)]
    with pytest.raises(UnavailableError):
        first.say(up(gate, "rsp"))
    sender = joined(desk, desk.make(web))
    sender.say(down(gate, "cmd"), b"for the second")
    desk.until(lambda: second.inbox.payloads == [b"for the second"])
    assert not first.inbox.payloads


@pytest.mark.parametrize(
    ("clean", "delay_s", "wills"), [(True, 0, 1), (False, 0, 0), (False, 1, 0)]
)
def test_take_over_sends_a_will_only_if_it_ends_the_session(
    desk: Desk, clean: bool, delay_s: int, wills: int
) -> None:
    gate, web, _ = desk.names()
    watcher = joined(desk, desk.make(web, STATE))
    more = {"will": will_of(gate), "will_delay_s": delay_s, "clean_start": clean, "backoff": SLOW}
    first = joined(desk, desk.make(gate, **more))
    joined(desk, desk.make(gate, **more))
    desk.until(lambda: bool(first.inbox.of(Disconnected)))
    desk.rest(0.3 + 1.5 * delay_s)
    mine = [i for i in watcher.inbox.of(Inbound) if i.message.topic.split("/")[3] == gate]
    assert len(mine) == wills


def test_G08_two_clients_with_one_name_are_reported(desk: Desk) -> None:
    gate, _, _ = desk.names()
    first = joined(desk, desk.make(gate))
    second = joined(desk, desk.make(gate))
    desk.until(lambda: bool(first.inbox.of(ConnectionUnstable)), within_s=30)
    first.session.stop()
    second.session.stop()
    report = first.inbox.of(ConnectionUnstable)[0]
    assert report.losses == 3
    assert report.window_s < 60


def test_restart_keeps_sessions_and_retained_messages(desk: Desk) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#")))
    sender = joined(desk, desk.make(web))
    desk.cut(receiver)
    desk.until(lambda: bool(receiver.inbox.of(Disconnected)))
    sender.say(down(gate, "want/keys"), b"v3", retain=True)
    sender.say(down(gate, "cmd"), b"queued")
    settled(desk, sender, 2)
    desk.restart()
    desk.mend(receiver)
    desk.until(lambda: len(sender.inbox.of(Connected)) == 2)
    desk.until(lambda: len(receiver.inbox.of(Connected)) == 2)
    desk.until(lambda: receiver.inbox.payloads.count(b"v3") >= 1)
    assert receiver.inbox.of(Connected)[1] == Connected(True)
    assert b"queued" in receiver.inbox.payloads


def test_disconnected_is_told_once_and_stop_comes_last(desk: Desk) -> None:
    gate, _, _ = desk.names()
    client = joined(desk, desk.make(gate, backoff=Backoff(0.05, 0.1)))
    desk.cut(client)
    desk.rest(1.0)
    client.session.stop()
    client.session.stop()
    desk.rest(0.1)
    reasons = [item.reason for item in client.inbox.of(Disconnected)]
    assert reasons[0] is Loss.CLOSED
    assert reasons[-1] is Loss.STOPPED
    assert len(reasons) == len(set(reasons))
    with pytest.raises(UnavailableError):
        client.say(up(gate, "ev"))


def test_start_refuses_a_specification_that_breaks_a_promise(desk: Desk) -> None:
    gate, _, _ = desk.names()
    for wrong in ({"keepalive_s": 21}, {"keepalive_s": 0}, {"queue_limit": 0}):
        with pytest.raises(ConfigError):
            desk.make(gate, **wrong).session.start()
    with pytest.raises(ConfigError):
        desk.make(gate, subscriptions=(("a", 2),)).session.start()
    with pytest.raises(ConfigError):
        desk.make(gate, will=will_of(gate), will_delay_s=99, session_expiry_s=9).session.start()


def test_start_refuses_odd_client_ids_before_any_connection() -> None:
    desk = MemoryDesk()
    for name in ("abc", "gate/1", "Gate-1", "gate+", "#", "g" * 41, "gate-1\n"):
        with pytest.raises(ContractError):
            desk.make(name).session.start()
