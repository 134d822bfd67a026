"""Several threads publish through one session at once; nothing is torn, lost or exchanged."""

import threading
import time
from pathlib import Path

from mqtt.client.port import Disconnected, PublishResult
from mqtt.contract.errors import UnavailableError
from tests.support.broker import SITE, joined, running_mosquitto, up


def test_messages_of_many_threads_arrive_whole_and_in_order(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path) as desk:
        gate, _, ingest = desk.names()
        receiver = joined(
            desk, desk.make(ingest, f"ac/1/{SITE}/+/up/ev", receive_maximum=1000, port=desk.port)
        )
        sender = joined(desk, desk.make(gate, port=desk.port))

        def publish(thread: int) -> None:
            for number in range(100):
                payload = b"%d %d " % (thread, number) + bytes([65 + thread]) * 20_000
                while True:
                    try:
                        sender.say(up(gate, "ev"), payload)
                    except UnavailableError:
                        time.sleep(0.002)
                    else:
                        break

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        desk.until(lambda: len(receiver.inbox.payloads) == 400, within_s=20)
        desk.until(lambda: len(sender.inbox.of(PublishResult)) == 400)
        assert not sender.inbox.of(Disconnected)
        tickets = [result.ticket for result in sender.inbox.of(PublishResult)]
        assert len(set(tickets)) == 400
        for name in range(4):
            mine = [p for p in receiver.inbox.payloads if p.startswith(b"%d " % name)]
            numbers = [int(payload.split()[1]) for payload in mine]
            assert numbers == list(range(100))
            assert all(p.split()[2] == bytes([65 + name]) * 20_000 for p in mine)
