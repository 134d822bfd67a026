"""Say which version of each message type this software reads, and choose the one to send.

A gate announces what it reads in its birth, the controller in every ack and document header. A
sender uses the highest version that the peer announced and that it can write itself; until it has
heard the peer it writes N-1, which every peer of the release before reads too. A receiver takes N
and N-1.
"""

from collections.abc import Mapping

from mqtt.contract import commands, documents, events, presence, read_back, redemption, rollout
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = ["READS", "SOFTWARE", "WRITES", "choose"]

SOFTWARE = "equalgate 0.1.0"
"""What a birth says about the software; a test holds the number to the distribution's."""

READS: Mapping[str, int] = {
    presence.BIRTH_TYPE: presence.BIRTH_VERSION,
    presence.HEARTBEAT_TYPE: presence.HEARTBEAT_VERSION,
    events.EVENTS_TYPE: events.WIRE_VERSION,
    events.ACK_TYPE: events.WIRE_VERSION,
    commands.COMMAND_TYPE: commands.WIRE_VERSION,
    commands.ENDORSE_TYPE: commands.WIRE_VERSION,
    documents.HEADER_TYPE: documents.WIRE_VERSION,
    redemption.FEED_TYPE: redemption.WIRE_VERSION,
    read_back.HELD_TYPE: read_back.WIRE_VERSION,
    rollout.HEALTH_TYPE: rollout.WIRE_VERSION,
}
"""Type to the highest version N that is read; N-1 is read as well where it exists."""

WRITES: Mapping[str, range] = {
    type_: range(max(1, newest - 1), newest + 1) for type_, newest in READS.items()
}
"""Type to the versions that this software can write: N-1 and N."""


def choose(type_: str, peer_reads: Mapping[str, int] | None) -> int:
    """Return the version in which to send `type_`.

    `peer_reads` is what the peer announced, or None before it did. Raises
    ContractError(`version_unsupported`) if the peer reads nothing that this
    software can write.
    """
    writable = WRITES[type_]
    if peer_reads is None:
        return writable[0]
    newest = peer_reads.get(type_, 1)
    readable = [version for version in writable if newest - 1 <= version <= newest]
    if not readable:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED, type_)
    return readable[-1]
