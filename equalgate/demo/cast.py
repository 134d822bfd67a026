"""Remember what the people of the example carry, so that the demo can be played again later.

The file holds secrets of an invented compound (0600), as the accounts beside it do.
"""

import os
from pathlib import Path

import msgspec

from controller.domain.cards import Card
from controller.services.seed import SeedResult
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["Cast", "cast_of", "load_cast", "save_cast"]

CardBits = tuple[int, int]


class Cast(msgspec.Struct, frozen=True):
    """Who plays: cards as (value, length), the elder's paper pass, a tenant's fob and phone.

    `opted_in_card` belongs to a resident who has reserved an enrolment of the face.
    """

    fob_card: CardBits
    phone: bytes
    elder_paper: str
    lost_card: CardBits
    opted_in_card: CardBits
    guard_card: CardBits
    guard_pin: str

    def __repr__(self) -> str:
        return "Cast(…)"


def cast_of(seeded: SeedResult) -> Cast:
    """Take from a fresh compound what the stage needs."""
    tenant, elder = seeded.person("tenant"), seeded.person("elder")
    guard = seeded.with_role(Role.GUARD)
    return Cast(
        _bits(tenant.card),
        tenant.phone,
        elder.paper.text if elder.paper is not None else "",
        _bits(seeded.lost_card),
        _bits(seeded.person("father").card),
        _bits(guard.card),
        guard.pin,
    )


def save_cast(cast: Cast, file: Path) -> None:
    """Write it for the owner of the folder alone, in place of an older one."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(msgspec.json.encode(cast))


def load_cast(file: Path) -> Cast:
    """Read it. Raises ConfigError(`file_unreadable`)."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Cast)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(ReasonCode.FILE_UNREADABLE, file.name) from error


def _bits(card: Card | None) -> CardBits:
    return (0, 0) if card is None else (card.value, card.length)
