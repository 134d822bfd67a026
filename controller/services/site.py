"""Hold what every service needs to know about the compound it serves."""

import secrets
from dataclasses import dataclass
from datetime import date

from controller.domain.local_time import local_date
from controller.domain.moment import Moment
from controller.services.ports import Keystore
from mqtt.contract.ids import PSEUDONYM_BYTES, SiteId

__all__ = ["Site", "new_pseudonym"]


@dataclass(frozen=True, slots=True)
class Site:
    """The compound's id in topics, its IANA zone, and its keystore."""

    name: SiteId
    zone: str
    keystore: Keystore

    def today(self, moment: Moment) -> date:
        """Return the compound's date."""
        return local_date(moment.utc_ms, self.zone)


def new_pseudonym() -> bytes:
    """Return 8 random bytes for a holder, staff member or credential; never all zero."""
    while True:
        drawn = secrets.token_bytes(PSEUDONYM_BYTES)
        if any(drawn):
            return drawn
