"""What an OSDP bus says to the gate and what the gate may ask of it. No dict leaves the adapter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from edge.domain.card_bits import CardBits

__all__ = [
    "DENIED",
    "GRANTED",
    "Beeps",
    "DowngradeCause",
    "EmitOsdp",
    "LedColour",
    "OfflineCause",
    "OsdpCardRead",
    "OsdpDowngrade",
    "OsdpFault",
    "OsdpFaultCode",
    "OsdpIndication",
    "OsdpKeys",
    "OsdpMessage",
    "OsdpOffline",
    "OsdpOnline",
    "OsdpReader",
    "OsdpTamper",
]


@dataclass(frozen=True, slots=True)
class OsdpReader:
    """A reader as configured: address 0 to 126 and its own 16-byte base key."""

    address: int
    scbk: bytes = field(repr=False)


class OfflineCause(Enum):
    """Say why a reader left."""

    SILENT = "silent"
    LINK_ERROR = "link_error"
    REFUSED = "refused"
    PORT_LOST = "port_lost"


class DowngradeCause(Enum):
    """Say how a reader failed to be the one we commissioned (H01, H02).

    - NO_ENCRYPTION: its capability reply does not offer AES-128, or it refuses the challenge.
    - FACTORY_KEY: it answers with the published default key or none: install mode. Never re-keyed
      by itself: a thief's reader in install mode would be handed the real key.
    - WRONG_KEY: encryption, but not with our key: another reader, or one that was re-keyed.
    - PLAINTEXT: an unencrypted answer inside a secure session.
    """

    NO_ENCRYPTION = "no_encryption"
    FACTORY_KEY = "factory_key"
    WRONG_KEY = "wrong_key"
    PLAINTEXT = "plaintext"


class OsdpFaultCode(Enum):
    """Name faults that are not an absence."""

    READ_STALE = "read_stale"
    READ_MALFORMED = "read_malformed"
    UNSTABLE = "unstable"
    COMMAND_REFUSED = "command_refused"
    FACTORY_ADDRESS = "factory_address"


@dataclass(frozen=True, slots=True)
class OsdpOnline:
    """The secure channel stands and the reader has nothing old to tell; no later read is lost."""

    address: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpOffline:
    """The reader is gone; sent once per episode."""

    address: int
    cause: OfflineCause
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpCardRead:
    """A card came over the secure channel, not older than the settings allow."""

    address: int
    bits: CardBits
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpKeys:
    """Keys were pressed: `digits` holds `0-9`, `*` and `#` in order."""

    address: int
    digits: str = field(repr=False)
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpTamper:
    """The reader's housing was opened or closed, by its own report."""

    address: int
    is_open: bool
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpDowngrade:
    """Something answers at this address that is not our secured reader; its cards are refused."""

    address: int
    cause: DowngradeCause
    mono_ms: int


@dataclass(frozen=True, slots=True)
class OsdpFault:
    """Something is wrong with a reader that works otherwise."""

    address: int
    code: OsdpFaultCode
    mono_ms: int


OsdpMessage = (
    OsdpOnline | OsdpOffline | OsdpCardRead | OsdpKeys | OsdpTamper | OsdpDowngrade | OsdpFault
)
EmitOsdp = Callable[[OsdpMessage], None]


class LedColour(Enum):
    """Colours that every OSDP reader can be asked for (SIA OSDP 2.2, table of osdp_LED)."""

    OFF = 0
    RED = 1
    GREEN = 2
    AMBER = 3
    BLUE = 4


@dataclass(frozen=True, slots=True)
class Beeps:
    """How often and how long the reader beeps; `length_ms` in steps of 100 up to 25,500."""

    count: int
    length_ms: int = 100


@dataclass(frozen=True, slots=True)
class OsdpIndication:
    """Light and sound for a person; `for_ms` in steps of 100 up to 25,500."""

    colour: LedColour
    for_ms: int
    beeps: Beeps | None = None


GRANTED = OsdpIndication(LedColour.GREEN, 3_000, Beeps(1))
DENIED = OsdpIndication(LedColour.RED, 2_000, Beeps(3))
