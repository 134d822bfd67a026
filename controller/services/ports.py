"""Name what services need from outside: a publisher and a keystore, each beside its fake."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from mqtt.contract.envelope import Ed25519Signer, Signer, key_id
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Keystore", "MemoryKeystore", "MemoryPublisher", "Publication", "Publisher"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One message to publish; `expiry_s` None means that it does not expire."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None


class Publisher(Protocol):
    """Whatever brings messages to the broker."""

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, expiry_s: int | None
    ) -> None:
        """Hand over one message. Raises UnavailableError while the broker is away."""


class Keystore(Protocol):
    """Where the private halves of the site's keys live."""

    def add(self, seed: bytes) -> bytes:
        """Keep a new key made from a 32-byte seed; return its public half. Raises StorageError."""

    def signer(self, kid: bytes) -> Signer:
        """Return the signer of a key id. Raises UnavailableError(`unknown_key`)."""

    def remove(self, kid: bytes) -> None:
        """Destroy a private key; one that is not there is no error. Raises StorageError."""


@dataclass(slots=True)
class MemoryPublisher:
    """Keep what was published, in order; `is_away` makes it refuse like a lost broker."""

    sent: list[Publication] = field(default_factory=list)
    is_away: bool = False

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, expiry_s: int | None
    ) -> None:
        """Keep the message. Raises UnavailableError(`broker_unavailable`) while away."""
        if self.is_away:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        self.sent.append(Publication(topic, payload, qos, retain, expiry_s))

    def take(self) -> Iterable[Publication]:
        """Return what was published since the last call."""
        sent, self.sent = self.sent, []
        return sent


class MemoryKeystore:
    """Keep private keys in memory, for tests and the deterministic simulator."""

    def __init__(self) -> None:
        self._signers: dict[bytes, Ed25519Signer] = {}

    def add(self, seed: bytes) -> bytes:
        """Keep a key and return its public half."""
        signer = Ed25519Signer.from_seed(seed)
        self._signers[key_id(signer.public_key)] = signer
        return signer.public_key

    def signer(self, kid: bytes) -> Signer:
        """Return the signer of a key id. Raises UnavailableError(`unknown_key`)."""
        signer = self._signers.get(kid)
        if signer is None:
            raise UnavailableError(ReasonCode.UNKNOWN_KEY)
        return signer

    def remove(self, kid: bytes) -> None:
        """Forget a key."""
        self._signers.pop(kid, None)
