"""Read and write random ids in addresses and bodies: base32 text, 8 bytes for people and access."""

from typing import Annotated

from pydantic import AfterValidator, Field

from mqtt.contract.errors import ContractError
from mqtt.contract.ids import id_from_text, parse_pseudonym

__all__ = ["IdText", "raw_id"]


def _checked(text: str) -> str:
    try:
        parse_pseudonym(id_from_text(text))
    except ContractError as error:
        raise ValueError(error.code.value) from error
    return text


IdText = Annotated[str, Field(max_length=13), AfterValidator(_checked)]
"""A holder or credential as text."""


def raw_id(text: str) -> bytes:
    """Return the 8 bytes of a checked id."""
    return parse_pseudonym(id_from_text(text))
