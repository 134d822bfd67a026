"""A courier with a controller at the other end of a wire that the test holds."""

from edge.domain.event_log import EventLog
from edge.gate.courier import Courier
from edge.gate.disk import DirectDisk
from edge.gate.parcels import Sealer, Settled
from mqtt.contract.events import open_ack
from tests.support.gate_log import (
    ACK_KEYS,
    GATE,
    GATE_SIGNER,
    SITE,
    FakeController,
    moment,
)

__all__ = ["SEALER", "Wire", "seqs"]

SEALER = Sealer(SITE, GATE, GATE_SIGNER)


class Wire:
    """A courier with a controller at the other end; what is published waits for `deliver`."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.controller = FakeController()
        self.sent: list[bytes] = []
        self.room = 10_000
        self.verdicts: list[Settled] = []
        self.mono_ms = 0
        self.courier = Courier(
            DirectDisk(log), SEALER, self._publish, lambda result, _: self.verdicts.append(result)
        )

    def _publish(self, payload: bytes) -> bool:
        if len(self.sent) >= self.room:
            return False
        self.sent.append(payload)
        return True

    def connect(self) -> None:
        self.courier.connected(moment(self.mono_ms))
        self.courier.pump(moment(self.mono_ms))

    def drop(self) -> None:
        self.courier.disconnected()
        self.sent.clear()

    def deliver(self, count: int = 10_000) -> None:
        """Let up to `count` batches arrive, each acknowledged at once."""
        while self.sent and count:
            ack = self.controller.take(self.sent.pop(0))
            self.acknowledge(ack)
            count -= 1

    def acknowledge(self, ack: bytes) -> None:
        self.courier.acknowledged(open_ack(ack, SITE, GATE, ACK_KEYS), moment(self.mono_ms))

    def wait(self, ms: int) -> None:
        self.mono_ms += ms
        self.courier.tick(moment(self.mono_ms))


def seqs(wire: Wire, epoch: int = 1) -> list[int]:
    return [seq for known, seq in wire.controller.order if known == epoch]
