"""Check what a manager sets at gates: limits of D01, and that nothing opens for a face only.

The containment check of promise 1 is done again by each gate; here it refuses at save time.
"""

from controller.domain.cards import format_bits
from controller.domain.refusal import Refusal
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, PortalRecord

__all__ = ["PASSBACK_MODES", "check_access_point", "check_portal"]

PASSBACK_MODES = ("off", "soft", "hard")
_UNLOCK_MS = (1_000, 60_000)
_HELD_LEAST_MS = 10_000
_PEERS = frozenset({Method.QR, Method.FOB})


def check_portal(portal: PortalRecord) -> Refusal | None:
    """Return the first limit that a portal breaks (D01: unlock 1-60 s, held-open at least 10 s)."""
    least, most = _UNLOCK_MS
    for name in ("unlock_ms", "longer_unlock_ms"):
        if not least <= getattr(portal, name) <= most:
            return _limit(f"{name}: {least} to {most}")
    if portal.longer_unlock_ms < portal.unlock_ms:
        return _limit("longer_unlock_ms: not shorter than unlock_ms")
    if not _HELD_LEAST_MS <= portal.held_warn_ms <= portal.held_alarm_ms:
        return _limit(f"held_warn_ms: {_HELD_LEAST_MS} to held_alarm_ms")
    return None


def check_access_point(point: AccessPointRecord, card_formats: tuple[str, ...]) -> Refusal | None:
    """Return why this access point cannot be saved.

    Face needs QR or fob at the same access point: rule NS-03, 法释〔2021〕15号 Art. 10 and Hangzhou
    Property Management Regulations Art. 50(2).
    """
    methods = set(point.methods)
    if Method.NONE in methods:
        return _limit("methods")
    if Method.FACE in methods and not methods & _PEERS:
        article = "Order 19 Art. 10; Hangzhou Property Management Regulations Art. 50(2)"
        return Refusal(ReasonCode.FACE_ONLY, "NS-03", article)
    unknown = [name for name in card_formats if format_bits(name) is None]
    if unknown:
        return _limit("card_formats")
    if Method.FOB in methods and not card_formats:
        return _limit("card_formats: a fob reader needs one")
    return None


def _limit(where: str) -> Refusal:
    return Refusal(ReasonCode.CONFIG_INVALID, "D01", detail=where)
