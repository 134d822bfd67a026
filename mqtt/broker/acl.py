"""Who may write and read which topic: one table, for mosquitto and for the in-memory broker.

Everything that is not granted is denied. Every client has its own section under its own name; there
are no patterns on the user name, so a name that nobody registered gets nothing (protocol §0 row 3).
"""

from dataclasses import dataclass
from enum import StrEnum

from mqtt.client.filters import Access, matches
from mqtt.contract.errors import ConfigError
from mqtt.contract.ids import GateId, SiteId, parse_name
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import (
    DocumentName,
    TopicKind,
    build,
    down_filter,
    redeem_filter,
    site_filter,
)

__all__ = ["Acl", "ControllerRole", "Grant", "acl_of", "controller_grants", "gate_grants"]


class ControllerRole(StrEnum):
    """What a controller process is for."""

    WEB = "web"
    INGEST = "ingest"


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission."""

    access: Access
    topic_filter: str


@dataclass(frozen=True, slots=True)
class Acl:
    """The grants of every client, by name."""

    users: tuple[tuple[str, tuple[Grant, ...]], ...]

    def allows(self, client_id: str, access: Access, topic: str) -> bool:
        """Say whether a client may publish to (WRITE) or receive from (READ) a topic."""
        grants = dict(self.users).get(client_id, ())
        return any(g.access is access and matches(g.topic_filter, topic) for g in grants)

    def render(self) -> str:
        """Return the text of a mosquitto `acl_file`."""
        sections = [
            "\n".join((f"user {name}", *(f"topic {g.access} {g.topic_filter}" for g in grants)))
            for name, grants in self.users
        ]
        head = "# Generated. Everything that is not granted here is denied."
        return "\n\n".join((head, *sections)) + "\n"


def acl_of(
    site: SiteId,
    gates: tuple[GateId, ...],
    controllers: tuple[tuple[str, ControllerRole], ...],
) -> Acl:
    """Build the table of a compound; a revoked gate is simply left out.

    Raises ContractError(`bad_name`) for an odd name, ConfigError(`conflict`) for one given twice.
    """
    users = [(parse_name(gate), gate_grants(site, gate)) for gate in gates]
    users += [(parse_name(name), controller_grants(site, role)) for name, role in controllers]
    if len(dict(users)) != len(users):
        raise ConfigError(ReasonCode.CONFLICT, "acl")
    return Acl(tuple(users))


def gate_grants(site: SiteId, gate: GateId) -> tuple[Grant, ...]:
    """Return what one gate may: its own topics, and the redemptions that gates tell each other."""
    upward = [kind for kind in TopicKind if kind.value.startswith("up/")]
    own = [
        build(site, gate, kind, document)
        for kind in upward
        for document in (tuple(DocumentName) if kind is TopicKind.GET else (None,))
    ]
    own += [build(site, gate, TopicKind.STATE), build(site, gate, TopicKind.REDEEM)]
    return (
        *(Grant(Access.WRITE, topic) for topic in own),
        Grant(Access.READ, down_filter(site, gate)),
        Grant(Access.READ, redeem_filter(site)),
    )


_WEB_READS = (
    TopicKind.STATE,
    TopicKind.BIRTH,
    TopicKind.HEARTBEAT,
    TopicKind.RESPONSE,
    TopicKind.GET,
    TopicKind.HELD,
    TopicKind.HEALTH,
    TopicKind.TELEMETRY,
    TopicKind.LOG,
)
_WEB_WRITES = (TopicKind.COMMAND, TopicKind.WANT, TopicKind.DOCUMENT, TopicKind.TELL)
_INGEST_READS = (
    TopicKind.STATE,
    TopicKind.BIRTH,
    TopicKind.HEARTBEAT,
    TopicKind.EVENTS,
    TopicKind.RESPONSE,
)
_INGEST_WRITES = (TopicKind.ACK,)


def controller_grants(site: SiteId, role: ControllerRole) -> tuple[Grant, ...]:
    """Return what a controller process may: commands and documents, or events and their acks."""
    web = role is ControllerRole.WEB
    reads = _WEB_READS if web else _INGEST_READS
    writes = _WEB_WRITES if web else _INGEST_WRITES
    grants = [Grant(Access.READ, site_filter(site, kind)) for kind in reads]
    grants += [Grant(Access.WRITE, site_filter(site, kind)) for kind in writes]
    if not web:
        grants.append(Grant(Access.READ, redeem_filter(site)))
    return tuple(grants)
