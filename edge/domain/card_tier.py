"""Say how hard a credential is to copy."""

from enum import Enum

__all__ = ["CardTier", "card_tier"]


class CardTier(Enum):
    """Say how hard a credential is to copy. It is shown to managers and inspectors, never hidden.

    A compound may accept clonable fobs: that residents can enter without a face weighs more than
    the strength of a plastic tag. What it may not do is believe that they are more than they are.

    - CLONABLE: a number in the open (any Wiegand line, any 125 kHz tag, any UID). Anybody who was
      near the fob, or at the two wires behind the reader, can present it again.
    - LINK_PROTECTED: the same open number, but the line from reader to gate is an OSDP secure
      channel. Nothing can be replayed on the wire; the fob itself can still be copied.
    - SECURED: the card proved a secret to the reader (DESFire AES, Aliro); the line is protected.
    """

    CLONABLE = "clonable"
    LINK_PROTECTED = "link_protected"
    SECURED = "secured"

    @property
    def is_clonable(self) -> bool:
        """Tell whether somebody near the fob can make a second one."""
        return self is not CardTier.SECURED


def card_tier(*, link_is_secure: bool, card_proves_secret: bool) -> CardTier:
    """Name the tier of a reading from its line and from what the card can do.

    A card that proves a secret over an open line is still clonable on that line.
    """
    if not link_is_secure:
        return CardTier.CLONABLE
    return CardTier.SECURED if card_proves_secret else CardTier.LINK_PROTECTED
