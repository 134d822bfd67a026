"""Draw PINs. A PIN is drawn here, never chosen, so that no two people share one.

All residents' PINs share one random salt of the site: a gate then needs one scrypt per entry,
however many PINs it holds (`mqtt.contract.pin_hash`).
"""

import secrets
from dataclasses import dataclass

from controller.storage.models import SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.pin_hash import SALT_BYTES, hash_pin

__all__ = ["PIN_DIGITS", "NewPin", "draw_pin", "site_salt"]

PIN_DIGITS = 6
_SALT_NAME = "pin_salt"


@dataclass(frozen=True, slots=True)
class NewPin:
    """A PIN and its duress PIN as told to the person once; only hashes are kept."""

    digits: str
    duress_digits: str

    def __repr__(self) -> str:
        return "NewPin(…)"


def draw_pin(taken: frozenset[bytes], salt: bytes) -> NewPin:
    """Draw a PIN and a duress PIN whose hashes nobody has."""
    drawn: list[str] = []
    while len(drawn) < 2:
        digits = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        if len(set(digits)) > 2 and digits not in drawn and hash_pin(digits, salt) not in taken:
            drawn.append(digits)
    return NewPin(*drawn)


def site_salt(uow: UnitOfWork) -> bytes:
    """Return the salt of all residents' PINs, made at the first call."""
    row = uow.find(SiteValueRow, _SALT_NAME)
    if row is None:
        row = SiteValueRow(name=_SALT_NAME, value=secrets.token_bytes(SALT_BYTES))
        uow.session.add(row)
        uow.session.flush()
    return row.value
