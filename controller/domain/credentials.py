"""Say what a credential is to the controller, whatever carries it.

Every carrier here is non-biometric. A lasting credential is one on which a resident can rely; a
slip for hours or days is none, so it never makes a fob dispensable.
"""

from dataclasses import dataclass
from enum import StrEnum

from controller.domain.moment import DAY_MS
from mqtt.contract.events import Method

__all__ = ["LASTING_MS", "Carrier", "Credential", "EndReason", "method_of"]

LASTING_MS = 30 * DAY_MS
"""A credential that ends sooner than this is no ground to end another one."""


class Carrier(StrEnum):
    """What carries a credential."""

    FOB = "fob"
    PHONE = "phone"
    PAPER = "paper"
    SLIP = "slip"
    VISITOR = "visitor"
    PIN = "pin"


class EndReason(StrEnum):
    """Why a credential ended; `arrears` exists to be refused by name."""

    LOST = "lost"
    RETURNED = "returned"
    DAMAGED = "damaged"
    REPLACED = "replaced"
    MOVED = "moved"
    HOLDER_WISH = "holder_wish"
    GUARDIAN_WISH = "guardian_wish"
    HOUSEHOLD_WISH = "household_wish"
    MISUSE = "misuse"
    MOVE_OUT = "move_out"
    ORDER = "order"
    LEAVER = "leaver"
    ARREARS = "arrears"


_METHODS = {Carrier.FOB: Method.FOB, Carrier.PIN: Method.PIN}
_LASTING = frozenset({Carrier.FOB, Carrier.PHONE, Carrier.PAPER, Carrier.PIN})


def method_of(carrier: Carrier) -> Method:
    """Return the way in that a carrier uses: everything that shows a code is `qr`."""
    return _METHODS.get(carrier, Method.QR)


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential, in UTC ms. `dwelling` is set for a pass that a household owns."""

    id: bytes
    holder: bytes
    carrier: Carrier
    valid_from_ms: int
    valid_until_ms: int
    ended_at_ms: int | None = None
    dwelling: int | None = None
    host: bytes | None = None

    def works(self, now_ms: int) -> bool:
        """Tell whether it has neither ended nor expired."""
        return self.ended_at_ms is None and now_ms < self.valid_until_ms

    def is_lasting(self, now_ms: int, right_until_ms: int | None) -> bool:
        """Tell whether its holder can rely on it: 30 days, or as long as the right to live here."""
        enough = now_ms + LASTING_MS
        if right_until_ms is not None:
            enough = min(enough, right_until_ms)
        return (
            self.carrier in _LASTING
            and self.works(now_ms)
            and self.valid_from_ms <= now_ms
            and self.valid_until_ms >= enough
        )
