"""Build and parse every topic; nowhere else is a slash written.

    ac/1/<site>/<gate>/state          retained presence, the will
    ac/1/<site>/<gate>/up/<kind>      gate to controller
    ac/1/<site>/<gate>/dn/<kind>      controller to gate
    ac/1/<site>/_/redeem/<gate>       redemptions of single-use passes, gate to gate

The gate is always on the same level, so an ACL pattern on the certificate's name covers exactly one
gate.
"""

from dataclasses import dataclass
from enum import StrEnum

from mqtt.contract.errors import ContractError
from mqtt.contract.ids import GateId, SiteId, parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "DocumentName",
    "Topic",
    "TopicKind",
    "build",
    "down_filter",
    "parse",
    "redeem_filter",
    "site_filter",
]

_PREFIX = "ac"
_MAJOR = "1"
_SHARED = "_"


class TopicKind(StrEnum):
    """Every kind of message, with its path below the gate's level."""

    STATE = "state"
    BIRTH = "up/birth"
    HEARTBEAT = "up/hb"
    EVENTS = "up/ev"
    RESPONSE = "up/rsp"
    GET = "up/get"
    HELD = "up/held"
    HEALTH = "up/health"
    TELEMETRY = "up/tel"
    LOG = "up/log"
    ACK = "dn/ack"
    COMMAND = "dn/cmd"
    WANT = "dn/want"
    DOCUMENT = "dn/doc"
    TELL = "dn/tell"
    REDEEM = "redeem"


class DocumentName(StrEnum):
    """Every versioned document that a gate holds (DESIGN §6)."""

    CONFIG = "config"
    CREDENTIALS = "credentials"
    KEYS = "keys"
    POLICY = "policy"
    REVOCATIONS = "revocations"
    LEASES = "leases"
    ROSTER = "roster"


_WITH_DOCUMENT = frozenset({TopicKind.GET, TopicKind.WANT, TopicKind.DOCUMENT})


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, taken apart."""

    site: SiteId
    gate: GateId
    kind: TopicKind
    document: DocumentName | None = None

    def __str__(self) -> str:
        return build(self.site, self.gate, self.kind, self.document)


def build(site: SiteId, gate: GateId, kind: TopicKind, document: DocumentName | None = None) -> str:
    """Return the topic text. Misuse (a document missing or superfluous) is a programming error."""
    if (kind in _WITH_DOCUMENT) != (document is not None):
        raise RuntimeError("document name missing or superfluous")
    head = f"{_PREFIX}/{_MAJOR}/{parse_name(site)}"
    if kind is TopicKind.REDEEM:
        return f"{head}/{_SHARED}/redeem/{parse_name(gate)}"
    tail = f"/{document.value}" if document is not None else ""
    return f"{head}/{parse_name(gate)}/{kind.value}{tail}"


def parse(text: str) -> Topic:
    """Take a received topic apart. Raises ContractError (`bad_topic`, `bad_name`)."""
    parts = text.split("/")
    if len(parts) < 5 or len(parts) > 7 or parts[:2] != [_PREFIX, _MAJOR]:
        raise ContractError(ReasonCode.BAD_TOPIC)
    try:
        site = SiteId(parse_name(parts[2]))
        if parts[3] == _SHARED:
            if len(parts) != 6 or parts[4] != "redeem":
                raise ContractError(ReasonCode.BAD_TOPIC)
            return Topic(site, GateId(parse_name(parts[5])), TopicKind.REDEEM)
        gate = GateId(parse_name(parts[3]))
        return _parse_tail(site, gate, parts[4:])
    except ValueError as error:
        raise ContractError(ReasonCode.BAD_TOPIC) from error


def _parse_tail(site: SiteId, gate: GateId, tail: list[str]) -> Topic:
    kind = TopicKind("/".join(tail[:2]))
    if kind is TopicKind.REDEEM:
        raise ContractError(ReasonCode.BAD_TOPIC)
    if kind in _WITH_DOCUMENT:
        if len(tail) != 3:
            raise ContractError(ReasonCode.BAD_TOPIC)
        return Topic(site, gate, kind, DocumentName(tail[2]))
    if "/".join(tail) != kind.value:
        raise ContractError(ReasonCode.BAD_TOPIC)
    return Topic(site, gate, kind)


def down_filter(site: SiteId, gate: GateId) -> str:
    """Return the one filter that a gate subscribes to for everything from the controller."""
    return f"{_PREFIX}/{_MAJOR}/{parse_name(site)}/{parse_name(gate)}/dn/#"


def redeem_filter(site: SiteId) -> str:
    """Return the filter for redemptions of all gates of the site."""
    return f"{_PREFIX}/{_MAJOR}/{parse_name(site)}/{_SHARED}/redeem/+"


def site_filter(site: SiteId, kind: TopicKind) -> str:
    """Return the controller's filter for one kind of message from all gates."""
    tail = "/+" if kind in _WITH_DOCUMENT else ""
    return f"{_PREFIX}/{_MAJOR}/{parse_name(site)}/+/{kind.value}{tail}"
