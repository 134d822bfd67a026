"""Tell a restored controller what this gate knows to have ended; at most once in ten seconds."""

from collections.abc import Callable

from edge.domain.model import Moment
from edge.gate.presence import Identity
from mqtt.contract.documents import Held
from mqtt.contract.read_back import held_parts
from mqtt.contract.topics import DocumentName

__all__ = ["Teller"]

_PAUSE_MS = 10_000


class Teller:
    """Answers with the gate's `revocations` document, signed by the gate's own key."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._told_mono_ms = -_PAUSE_MS

    def answer(
        self, nonce: bytes, held: Callable[[DocumentName], Held], now: Moment
    ) -> list[bytes]:
        """Return the messages to publish, none if the last answer was a moment ago.

        Raises ContractError for a question without its number.
        """
        if now.mono_ms - self._told_mono_ms < _PAUSE_MS:
            return []
        self._told_mono_ms = now.mono_ms
        who = self._identity
        return held_parts(who.site, who.gate, nonce, held(DocumentName.REVOCATIONS), who.signer)
