"""Name and parse the identifiers that both ends share.

Gates, sites and access points have readable names that appear in topics and certificates; people
and credentials have random pseudonyms that say nothing about them (PIPL Art. 6, data minimisation).
"""

import base64
import re
from typing import NewType

from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "COMMAND_ID_BYTES",
    "PSEUDONYM_BYTES",
    "AccessPointId",
    "CommandId",
    "CredentialId",
    "GateId",
    "HolderId",
    "SiteId",
    "id_from_text",
    "id_to_text",
    "parse_name",
    "parse_pseudonym",
]

SiteId = NewType("SiteId", str)
GateId = NewType("GateId", str)
AccessPointId = NewType("AccessPointId", str)
HolderId = NewType("HolderId", bytes)
CredentialId = NewType("CredentialId", bytes)
CommandId = NewType("CommandId", bytes)

PSEUDONYM_BYTES = 8
COMMAND_ID_BYTES = 16

_NAME = re.compile(r"[a-z0-9-]{4,40}\Z")


def parse_name(text: str) -> str:
    """Return `text` if it may name a site, gate or access point: `[a-z0-9-]{4,40}`.

    The same alphabet is the only one that our certificate authority signs, so that a common name
    can never widen an ACL pattern. Raises ContractError(`bad_name`).
    """
    if not _NAME.match(text):
        raise ContractError(ReasonCode.BAD_NAME)
    return text


def parse_pseudonym(raw: bytes) -> bytes:
    """Return `raw` if it is 8 bytes long. Raises ContractError(`bad_id`)."""
    if len(raw) != PSEUDONYM_BYTES:
        raise ContractError(ReasonCode.BAD_ID)
    return raw


def id_to_text(raw: bytes) -> str:
    """Write random id bytes as lower-case base32 without padding (RFC 4648 §6), for logs, URLs."""
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def id_from_text(text: str) -> bytes:
    """Read what `id_to_text` wrote. Raises ContractError(`bad_id`)."""
    padded = text.upper() + "=" * (-len(text) % 8)
    try:
        raw = base64.b32decode(padded)
    except ValueError as error:
        raise ContractError(ReasonCode.BAD_ID) from error
    if id_to_text(raw) != text:
        raise ContractError(ReasonCode.BAD_ID)
    return raw
