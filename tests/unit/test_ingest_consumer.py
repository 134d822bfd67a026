"""The order that is the promise: commit, the gate's acknowledgement, the broker's."""

import threading

import pytest

from controller.domain.moment import Moment
from controller.ingest.consumer import Consumer
from controller.ingest.core import Taken
from controller.services.ports import Publication
from mqtt.client.port import DeliveryHandle, Inbound, Message, PublishTicket
from mqtt.contract.errors import RefusedError, StorageError, UnavailableError
from mqtt.contract.reasons import ReasonCode

NOW = Moment(1_000_000, 1_000_000)
ACK = Publication("ac/1/tongxing/gate-south/dn/ack", b"ack", 0)


class Core:
    """Plays ingest's core: says what it did, and fails as it is told to."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.failures: list[Exception] = []
        self.bad = b""

    def prepare(self, _messages: list[Message], _moment: Moment) -> None:
        """Look at nothing."""

    def take(self, messages: list[Message], _moment: Moment) -> Taken:
        if self.failures:
            raise self.failures.pop(0)
        if any(message.payload == self.bad for message in messages if self.bad):
            raise RefusedError(ReasonCode.MALFORMED, rule="storable")
        self.journal.append("commit " + " ".join(m.payload.decode() for m in messages))
        return Taken((ACK,), len(messages))

    def refuse(self, message: Message, _moment: Moment) -> None:
        self.journal.append(f"refuse {message.payload.decode()}")

    def watch(self, _moment: Moment) -> int:
        return 0


class Wire:
    """Plays the session."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.is_away = False

    def start(self) -> None:
        """Connect."""

    def stop(self) -> None:
        """Disconnect."""

    def publish(self, message: Message) -> PublishTicket:
        if self.is_away:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        self.journal.append(f"publish {message.payload.decode()}")
        return PublishTicket(1, 1)

    def ack(self, inbound: Inbound) -> bool:
        self.journal.append(f"done {inbound.message.payload.decode()}")
        return True


class Bench:
    def __init__(self) -> None:
        self.journal: list[str] = []
        self.core, self.wire = Core(self.journal), Wire(self.journal)
        self.consumer = Consumer(
            self.core,  # type: ignore[arg-type]  # plays the calls that are used
            lambda: NOW,
            crash_point=self.journal.append,
        )
        self.consumer.attach(self.wire)

    def receive(self, *payloads: bytes) -> None:
        for number, payload in enumerate(payloads):
            message = Message("ac/1/tongxing/gate-south/up/ev", payload, 1)
            self.consumer.emit(Inbound(message, DeliveryHandle(1, number)))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_is_acknowledged_before_the_commit(bench: Bench) -> None:
    bench.receive(b"one", b"two")
    assert bench.consumer.step(0) == 2
    assert bench.journal == [
        "before_commit",
        "commit one two",
        "after_commit",
        "publish ack",
        "after_gate_ack",
        "done one",
        "done two",
    ]
    assert bench.consumer.stored == 2


def test_storage_that_fails_is_tried_again_with_the_same_messages(bench: Bench) -> None:
    bench.core.failures = [
        StorageError(ReasonCode.DISK_FULL),
        UnavailableError(ReasonCode.UNKNOWN_KEY),
    ]
    bench.receive(b"one")
    bench.consumer.step(0)
    assert bench.journal.count("before_commit") == 3
    assert bench.journal[-1] == "done one"
    assert bench.journal.count("commit one") == 1


def test_a_lost_broker_costs_only_the_acknowledgement(bench: Bench) -> None:
    bench.wire.is_away = True
    bench.receive(b"one")
    bench.consumer.step(0)
    assert "commit one" in bench.journal
    assert "publish ack" not in bench.journal


def test_the_one_message_that_cannot_be_stored_is_left_out(bench: Bench) -> None:
    bench.core.bad = b"bad"
    bench.receive(b"one", b"bad", b"two")
    bench.consumer.step(0)
    said = [line for line in bench.journal if line.startswith(("commit", "refuse", "done"))]
    assert said == ["commit one", "done one", "refuse bad", "done bad", "commit two", "done two"]


def test_it_stops_while_storage_is_away(bench: Bench) -> None:
    bench.core.failures = [StorageError(ReasonCode.DISK_FULL)] * 1_000
    bench.receive(b"one")
    worker = threading.Thread(target=bench.consumer.run)
    worker.start()
    bench.consumer.stop()
    worker.join(5)
    assert not worker.is_alive()
    assert not any(line.startswith("done") for line in bench.journal)
