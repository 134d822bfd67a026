"""Ask gates to announce themselves to a controller that was not there when they did.

A birth is said once per connection and is not kept by the broker. Without it no heartbeat is
believed and no command can be given a deadline, so the controller asks: by the acknowledgement of
what it holds anyway, which is signed and can be repeated as often as one likes.
"""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from controller.services.ports import Publication
from controller.storage.models import GateEpochRow
from mqtt.contract.delivery import DELIVERY
from mqtt.contract.envelope import Signer
from mqtt.contract.events import Ack, seal_ack
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.topics import TopicKind, build
from mqtt.contract.versions import READS

__all__ = ["acknowledge", "greetings"]


def acknowledge(
    site: SiteId, gate: str, held: tuple[int, int, bytes], signer: Signer, *, announce: bool
) -> Publication:
    """Return the acknowledgement of `held`, which is epoch, size and root."""
    epoch, size, root = held
    ack = Ack(site, gate, epoch, size, root, dict(READS), announce)
    how = DELIVERY[TopicKind.ACK]
    topic = build(site, GateId(gate), TopicKind.ACK)
    return Publication(topic, seal_ack(ack, signer), how.qos, how.retain, how.expiry_s)


def greetings(
    connection: Connection, site: SiteId, signer: Signer, gates: Collection[str] | None = None
) -> tuple[Publication, ...]:
    """Ask `gates`, or every gate that ever sent an event, to announce themselves."""
    newest = select(GateEpochRow.gate, func.max(GateEpochRow.epoch).label("epoch"))
    newest_of = newest.group_by(GateEpochRow.gate).subquery()
    query = select(
        GateEpochRow.gate, GateEpochRow.epoch, GateEpochRow.size, GateEpochRow.root
    ).join(
        newest_of,
        (GateEpochRow.gate == newest_of.c.gate) & (GateEpochRow.epoch == newest_of.c.epoch),
    )
    return tuple(
        acknowledge(site, gate, (epoch, size, root), signer, announce=True)
        for gate, epoch, size, root in connection.execute(query)
        if gates is None or gate in gates
    )
