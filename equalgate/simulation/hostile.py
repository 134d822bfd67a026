"""A hostile broker: it plays recorded traffic again, changed or not, on any topic, retained too."""

from dataclasses import replace
from random import Random

from equalgate.simulation.compound import GATES
from equalgate.simulation.faults import BrokerFaults
from equalgate.simulation.world import World
from mqtt.client.memory import MemorySession
from mqtt.client.port import Message, SessionItem, SessionSpec
from mqtt.contract.errors import UnavailableError
from mqtt.contract.topics import TopicKind

__all__ = ["HOSTILE", "Hostile"]

HOSTILE = "hostile"
_AT_ONCE = 12
_DANGEROUS = (TopicKind.COMMAND, TopicKind.ACK, TopicKind.BIRTH, TopicKind.HEARTBEAT)


class Hostile:
    """Publishes as a client that the access list does not bind, which is what a broker can do."""

    def __init__(self, world: World, broker_faults: BrokerFaults) -> None:
        self._world = world
        self._faults = broker_faults
        broker_faults.spared.add(HOSTILE)
        spec = SessionSpec(client_id=HOSTILE, host="simulated", port=8883, tls=None)
        self._session = MemorySession(spec, _ignore, world.broker)
        self._session.start()

    def replay(self) -> None:
        """Publish recorded messages again, commands first, some of them retained."""
        for message in self._draw():
            retain = self._rng.random() < 0.2
            self._publish(replace(message, retain=retain or message.retain, expiry_s=None))

    def forge(self) -> None:
        """Publish recorded messages with one bit changed, or for another gate.

        The state is unsigned and for display only: it is given to the other gate.
        """
        for message in self._draw():
            if self._rng.random() < 0.5 and not message.topic.endswith(TopicKind.STATE):
                changed = bytearray(message.payload)
                changed[self._rng.randrange(len(changed))] ^= 1 << self._rng.randrange(8)
                self._publish(replace(message, payload=bytes(changed), retain=False))
            else:
                one, other = GATES
                topic = message.topic
                swap = (one, other) if one in topic else (other, one)
                self._publish(replace(message, topic=topic.replace(*swap), retain=False))

    @property
    def _rng(self) -> Random:
        return self._world.rng

    def _draw(self) -> list[Message]:
        recorded = self._faults.recorded
        rest = self._rng.sample(recorded, min(_AT_ONCE, len(recorded)))
        dangerous = [
            each for each in recorded if any(each.topic.endswith(kind) for kind in _DANGEROUS)
        ]
        return [*dangerous[-3:], *self._rng.sample(dangerous, min(3, len(dangerous))), *rest]

    def _publish(self, message: Message) -> None:
        try:
            self._session.publish(message)
        except UnavailableError:
            return


def _ignore(_: SessionItem) -> None:
    """Hear nothing: whoever is hostile has the recording."""
