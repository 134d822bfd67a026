"""A gate with a backlog never holds up the others, and its own order stays."""

import threading

from controller.ingest.fair_queue import FairQueue
from mqtt.client.port import DeliveryHandle, Inbound, Message


def inbound(gate: str, number: int, size: int = 5_000) -> Inbound:
    payload = number.to_bytes(4, "big") + bytes(size - 4)
    return Inbound(Message(f"ac/1/site-one/{gate}/up/ev", payload, 1), DeliveryHandle(1, number))


def numbers(group: list[Inbound], gate: str) -> list[int]:
    return [item.handle.packet_id for item in group if f"/{gate}/" in item.message.topic]


def test_F03_a_live_event_comes_next_whatever_the_backlog() -> None:
    queue = FairQueue()
    for number in range(2_000):
        queue.put(inbound(f"gate-{number % 100:02}", number))
    queue.take(0)
    queue.put(inbound("gate-live", 7, 400))
    group = queue.take(0)
    assert numbers(group, "gate-live") == [7]
    assert sum(len(item.message.payload) for item in group) < 200_000


def test_the_order_of_one_gate_is_kept_and_nothing_is_lost() -> None:
    queue = FairQueue()
    for number in range(900):
        queue.put(inbound(("gate-one", "gate-two", "gate-big")[number % 3], number))
        if number % 3 == 2:
            queue.put(inbound("gate-big", 10_000 + number))
    taken: list[Inbound] = []
    while group := queue.take(0):
        taken += group
    assert numbers(taken, "gate-one") == list(range(0, 900, 3))
    big = [n for at in range(2, 900, 3) for n in (at, 10_000 + at)]
    assert numbers(taken, "gate-big") == big
    assert len(taken) == 1_200
    assert len(queue) == 0


def test_a_heavy_gate_is_not_starved_by_many_light_ones() -> None:
    queue = FairQueue()
    for number in range(100):
        queue.put(inbound("gate-big", number))
        queue.put(inbound(f"gate-{number:03}", number, 4_000))
    group = queue.take(0)
    assert len(numbers(group, "gate-big")) >= 1


def test_a_full_queue_refuses_and_counts() -> None:
    queue = FairQueue(limit=2)
    assert [queue.put(inbound("gate-one", n)) for n in range(3)] == [True, True, False]
    assert queue.refused == 1


def test_a_waiting_consumer_is_woken() -> None:
    queue = FairQueue()
    threading.Timer(0.02, queue.put, (inbound("gate-one", 1),)).start()
    assert len(queue.take(5)) == 1


def test_an_odd_topic_has_a_lane_too() -> None:
    queue = FairQueue()
    queue.put(Inbound(Message("odd", b"x", 1), DeliveryHandle(1, 1)))
    assert len(queue.take(0)) == 1
