"""Two readers on one line: the line goes from one to the other, and one outage stays one outage."""

import os
import select
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from edge.adapters.osdp_bus import OsdpBus
from edge.adapters.osdp_keys import new_scbk
from edge.adapters.osdp_messages import (
    OsdpCardRead,
    OsdpMessage,
    OsdpOffline,
    OsdpOnline,
    OsdpReader,
)
from edge.adapters.sim.osdp_reader import SimOsdpReader
from edge.domain.card_formats import W26, encode


@contextmanager
def shared_line(paths: list[str]) -> Iterator[str]:
    """Join several readers' ptys to one line: all hear the gate, the gate hears each."""
    head, tail = os.openpty()
    ends = [os.open(path, os.O_RDWR | os.O_NOCTTY) for path in paths]
    for end in (head, tail, *ends):
        tty.setraw(end)
    done = threading.Event()

    def carry() -> None:
        while not done.is_set():
            for ready in select.select([head, *ends], [], [], 0.05)[0]:
                data = os.read(ready, 1024)
                for other in ends if ready == head else [head]:
                    os.write(other, data)

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    try:
        yield os.ttyname(tail)
    finally:
        done.set()
        thread.join(2.0)
        for end in (head, tail, *ends):
            os.close(end)


def wait_for(messages: list[OsdpMessage], wanted: type[OsdpMessage], count: int) -> None:
    deadline = time.monotonic() + 4.0
    while sum(isinstance(message, wanted) for message in messages) < count:
        assert time.monotonic() < deadline, messages
        time.sleep(0.002)


def test_two_readers_share_a_line_and_one_outage_leaves_the_other_working() -> None:
    keys = [new_scbk(), new_scbk()]
    readers = [SimOsdpReader(key, address) for address, key in enumerate(keys, start=2)]
    for reader in readers:
        reader.start()
    messages: list[OsdpMessage] = []
    try:
        with shared_line([reader.path for reader in readers]) as path:
            configured = [OsdpReader(at, key) for at, key in enumerate(keys, start=2)]
            bus = OsdpBus(path, configured, messages.append)
            bus.start()
            wait_for(messages, OsdpOnline, 2)
            for round_number in range(1, 6):
                for reader in readers:
                    reader.present(encode(W26, number=round_number))
                wait_for(messages, OsdpCardRead, 2 * round_number)
            readers[0].cut()
            wait_for(messages, OsdpOffline, 1)
            shown = time.monotonic()
            readers[1].present(encode(W26, number=99))
            wait_for(messages, OsdpCardRead, 11)
            assert time.monotonic() - shown < 0.6
            assert [m.address for m in messages if isinstance(m, OsdpOffline)] == [2]
            readers[0].join()
            wait_for(messages, OsdpOnline, 3)
            bus.stop()
    finally:
        for reader in readers:
            reader.stop()
    assert {m.address for m in messages if isinstance(m, OsdpCardRead)} == {2, 3}
