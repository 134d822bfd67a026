"""Describe the file by which a district admits an inspector; no manager can refuse or delay it.

A signed envelope of type `admission`: who may sign in at which compound, from when until when. The
bearer chooses the password; the file works once.
"""

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = ["ADMISSION_TYPE", "Admission", "open_admission", "seal_admission"]

ADMISSION_TYPE = "admission"
WIRE_VERSION = 1


class Admission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom the district sends; instants in UTC ms, `number` is 16 random bytes."""

    site: fields.Name
    login: fields.Name
    name: fields.Shown
    from_ms: fields.Count
    until_ms: fields.Count
    number: fields.Salt


def seal_admission(admission: Admission, signer: envelope.Signer) -> bytes:
    """Return the file."""
    return envelope.seal(ADMISSION_TYPE, WIRE_VERSION, codec.encode(admission), signer)


def open_admission(data: bytes, site: str, public_key: bytes, now_ms: int) -> Admission:
    """Return what the district signed for this site and time.

    Raises ContractError: `unknown_key`, `bad_signature`, `wrong_audience` (another site),
    `expired`, `not_yet_valid`, or what the codec raises.
    """
    keys = {envelope.key_id(public_key): public_key} if public_key else {}
    opened = envelope.open_envelope(data, ADMISSION_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    admission = codec.decode(opened.body, Admission)
    if admission.site != site:
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    if now_ms >= admission.until_ms:
        raise ContractError(ReasonCode.EXPIRED)
    if now_ms < admission.from_ms - 86_400_000:
        raise ContractError(ReasonCode.NOT_YET_VALID)
    return admission
