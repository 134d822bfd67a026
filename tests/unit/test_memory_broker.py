"""What only the in-memory broker can do: fail on purpose, in one order, without a wall clock."""

import pytest

from mqtt.client.backoff import Backoff
from mqtt.client.memory import MemoryBroker, MemorySession
from mqtt.client.memory_state import NO_FAULTS, Faults
from mqtt.client.port import (
    Connected,
    ConnectionUnstable,
    Disconnected,
    Inbound,
    Loss,
    Message,
    PublishResult,
    SessionItem,
    SessionSpec,
)


class Clock:
    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


class Table:
    """One broker and a clock that jumps from one event to the next."""

    def __init__(
        self, faults: Faults = NO_FAULTS, latency_ms: int = 0, queue_limit: int = 1000
    ) -> None:
        self.clock = Clock()
        self.broker = MemoryBroker(
            self.clock, faults=faults, latency_ms=latency_ms, queue_limit=queue_limit
        )

    def run(self, for_ms: int) -> None:
        end_ms = self.clock.now_ms + for_ms
        self.broker.pump()
        while (due_ms := self.broker.next_due_ms()) is not None and due_ms <= end_ms:
            self.clock.now_ms = max(self.clock.now_ms, due_ms)
            self.broker.pump()
        self.clock.now_ms = end_ms

    def client(self, name: str, *filters: str, **more: int | bool) -> "Client":
        return Client(self, name, filters, more)


class Client:
    def __init__(
        self, table: Table, name: str, filters: tuple[str, ...], more: dict[str, int | bool]
    ) -> None:
        subscriptions = tuple((topic_filter, 1) for topic_filter in filters)
        spec = SessionSpec(
            name,
            "memory",
            1,
            None,
            subscriptions,
            backoff=Backoff(0.2, 2.0),
            **more,  # type: ignore[arg-type]  # tests override numbers and flags only
        )
        self.items: list[SessionItem] = []
        self.session = MemorySession(spec, self.items.append, table.broker)
        self.session.start()
        table.run(0)

    @property
    def payloads(self) -> list[bytes]:
        return [i.message.payload for i in self.items if isinstance(i, Inbound)]

    def say(self, payload: bytes, qos: int = 1) -> None:
        self.session.publish(Message("a/b", payload, qos))


class Scripted:
    """Faults by payload."""

    def __init__(self, copies: dict[bytes, tuple[int, ...]], lost: frozenset[bytes]) -> None:
        self._copies = copies
        self._lost = lost

    def keeps(self, client_id: str, message: Message) -> bool:
        assert client_id == "sender"
        return message.payload not in self._lost

    def copies(self, client_id: str, message: Message) -> tuple[int, ...]:
        assert client_id == "receiver"
        return self._copies.get(message.payload, (0,))


def test_message_can_be_lost_after_puback() -> None:
    table = Table(Scripted({}, frozenset({b"lost"})))
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    sender.say(b"lost")
    sender.say(b"kept")
    table.run(10)
    results = [item.accepted for item in sender.items if isinstance(item, PublishResult)]
    assert results == [True, True]
    assert receiver.payloads == [b"kept"]


def test_messages_can_be_doubled_dropped_and_overtaken() -> None:
    script = {b"1": (300,), b"2": (0, 0), b"3": ()}
    table = Table(Scripted(script, frozenset()))
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    for payload in (b"1", b"2", b"3", b"4"):
        sender.say(payload)
    table.run(100)
    assert receiver.payloads == [b"2", b"2", b"4"]
    table.run(300)
    assert receiver.payloads == [b"2", b"2", b"4", b"1"]


def test_dropped_message_does_not_block_the_receive_maximum() -> None:
    table = Table(Scripted({b"gone": ()}, frozenset()))
    receiver = table.client("receiver", "a/#", receive_maximum=1)
    sender = table.client("sender")
    for payload in (b"gone", b"gone", b"here"):
        sender.say(payload)
    table.run(10)
    assert receiver.payloads == [b"here"]


def test_latency_takes_its_time() -> None:
    table = Table(latency_ms=40)
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    table.run(100)
    sender.say(b"x")
    table.run(79)
    assert not receiver.payloads
    table.run(1)
    assert receiver.payloads == [b"x"]


def test_crash_goes_back_to_the_last_save() -> None:
    table = Table()
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    table.broker.cut("receiver")
    table.run(1)
    sender.say(b"saved")
    table.run(1)
    table.broker.save()
    sender.say(b"not saved")
    table.run(1)
    table.broker.crash()
    assert sender.items[-1] == Disconnected(Loss.CLOSED)
    table.broker.start()
    table.broker.mend("receiver")
    table.run(5000)
    assert receiver.payloads == [b"saved"]
    assert receiver.items[-2:-1] == [Connected(session_present=True)]


def test_crash_without_save_forgets_sessions_and_retained() -> None:
    table = Table()
    receiver = table.client("receiver", "a/#")
    sender = table.client("sender")
    sender.session.publish(Message("a/b", b"r", 1, retain=True))
    table.run(1)
    assert table.broker.retained("a/b") is not None
    table.broker.crash()
    table.broker.start()
    table.run(5000)
    assert table.broker.retained("a/b") is None
    assert receiver.items[-1] == Connected(session_present=False)


def test_full_queue_of_an_absent_client_drops_after_puback() -> None:
    table = Table(queue_limit=3)
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    table.broker.cut("receiver")
    for number in range(10):
        sender.say(b"%d" % number)
    table.run(1)
    assert sum(isinstance(item, PublishResult) for item in sender.items) == 10
    table.broker.mend("receiver")
    table.run(5000)
    assert receiver.payloads == [b"0", b"1", b"2"]


def test_half_open_connection_is_noticed_late() -> None:
    table = Table()
    receiver, sender = table.client("receiver", "a/#"), table.client("sender")
    table.broker.cut("receiver", noticed_after_ms=30_000)
    sender.say(b"x")
    table.run(29_999)
    assert receiver.items == [Connected(session_present=False)]
    table.run(1)
    assert receiver.items[1] == Disconnected(Loss.KEEPALIVE)
    table.broker.mend("receiver")
    table.run(5000)
    assert receiver.payloads == [b"x"]


def test_offline_state_published_before_stop_still_arrives() -> None:
    table = Table(latency_ms=5)
    receiver, leaving = table.client("receiver", "a/#"), table.client("leaving")
    table.run(50)
    leaving.say(b"offline")
    leaving.session.stop()
    table.run(50)
    assert receiver.payloads == [b"offline"]
    assert leaving.items[-1] == Disconnected(Loss.STOPPED)


def test_G08_default_back_off_still_shows_two_clients_within_a_minute() -> None:
    table = Table()
    first = MemorySession(SessionSpec("gate-1", "m", 1, None), lambda _i: None, table.broker)
    seen: list[SessionItem] = []
    second = MemorySession(SessionSpec("gate-1", "m", 1, None), seen.append, table.broker)
    first.start()
    second.start()
    table.run(60_000)
    reports = [item for item in seen if isinstance(item, ConnectionUnstable)]
    assert reports
    assert reports[0].taken_over


def test_two_ends_that_answer_each_other_without_end_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mqtt.client.agenda._STEP_LIMIT", 1000)
    table = Table()

    def again() -> None:
        table.broker.agenda.after(0, again)

    again()
    with pytest.raises(RuntimeError):
        table.broker.pump()


def test_same_inputs_give_the_same_history() -> None:
    def history() -> list[SessionItem]:
        table = Table(Scripted({b"1": (7, 3), b"3": ()}, frozenset({b"2"})))
        receiver, sender = table.client("receiver", "a/#"), table.client("sender")
        for number in range(6):
            sender.say(b"%d" % number)
            table.run(2)
        table.broker.cut("receiver")
        table.run(1)
        table.broker.mend("receiver")
        table.run(5000)
        return receiver.items

    assert history() == history()
    assert len(history()) > 8
