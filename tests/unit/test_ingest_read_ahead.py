"""What is verified ahead counts for this very message and these very keys, and nothing is lost."""

import pytest

from controller.ingest.fair_queue import FairQueue
from controller.ingest.intake import BatchArrival, GateKey, Trouble
from controller.ingest.read_ahead import ReadAhead, Verified
from mqtt.client.port import DeliveryHandle, Inbound, Message
from mqtt.contract.ids import SiteId
from mqtt.contract.reasons import ReasonCode
from tests.support.gate_events import Recorder

GATE = Recorder()
KEYS = {"gate-south": GateKey(GATE.signer.public_key)}
REVOKED = {"gate-south": GateKey(GATE.signer.public_key, is_revoked=True)}
SITE = SiteId("tongxing")


def test_a_verified_message_is_taken_once() -> None:
    verified = Verified(SITE)
    message = GATE.batch(0)
    verified.add([message], KEYS)
    first = verified.arrival(message, KEYS)
    assert isinstance(first, BatchArrival)
    again = verified.arrival(message, KEYS)
    assert again == first
    assert again is not first


def test_a_message_verified_before_its_gate_was_revoked_is_judged_again() -> None:
    verified = Verified(SITE)
    message = GATE.batch(0)
    verified.add([message], KEYS)
    found = verified.arrival(message, REVOKED)
    assert isinstance(found, Trouble)
    assert found.reason is ReasonCode.REVOKED


def test_a_message_that_nobody_verified_is_verified_now() -> None:
    assert isinstance(Verified(SITE).arrival(GATE.batch(0), KEYS), BatchArrival)
    forged = Recorder(signer=GATE.signer.from_seed(b"z" * 32)).batch(0)
    assert isinstance(Verified(SITE).arrival(forged, KEYS), Trouble)


def test_groups_come_out_in_order_and_prepared() -> None:
    source = FairQueue()
    seen: list[Message] = []
    ahead = ReadAhead(source, seen.extend)
    messages = [GATE.batch(seq) for seq in range(5)]
    for number, message in enumerate(messages):
        source.put(Inbound(message, DeliveryHandle(1, number)))
    ahead.start()
    try:
        taken: list[Message] = []
        while len(taken) < len(messages):
            taken += [inbound.message for inbound in ahead.take(5.0)]
    finally:
        ahead.stop()
    assert taken == messages
    assert seen[: len(messages)] == messages


def test_what_breaks_while_reading_ahead_comes_out_where_it_is_seen() -> None:
    def broken(_group: object) -> None:
        raise ZeroDivisionError

    source = FairQueue()
    source.put(Inbound(GATE.batch(0), DeliveryHandle(1, 0)))
    ahead = ReadAhead(source, broken)
    ahead.start()
    try:
        with pytest.raises(ZeroDivisionError):
            ahead.take(5.0)
    finally:
        ahead.stop()
