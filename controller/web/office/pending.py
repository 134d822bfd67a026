"""Hold an uploaded list in memory until it is confirmed: nothing of it is on any disk before."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from controller.domain.moment import HOUR_MS, Moment
from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode

__all__ = ["PendingFiles"]

_KEPT_MS = HOUR_MS
_MOST = 8


@dataclass(slots=True)
class PendingFiles:
    """At most 8 files, an hour each; the oldest goes first."""

    files: OrderedDict[str, tuple[bytes, bytes, int]] = field(default_factory=OrderedDict)

    def keep(self, owner: bytes, raw: bytes, moment: Moment) -> str:
        """Keep a file of a member of staff; return the word that names it."""
        word = secrets.token_urlsafe(12)
        self.files[word] = (owner, raw, moment.mono_ms + _KEPT_MS)
        while len(self.files) > _MOST:
            self.files.popitem(last=False)
        return word

    def take(self, owner: bytes, word: str, moment: Moment) -> bytes:
        """Return a file of this member of staff. Raises RefusedError(`expired`)."""
        kept = self.files.get(word)
        if kept is None or kept[0] != owner or kept[2] <= moment.mono_ms:
            raise Refusal(ReasonCode.EXPIRED, "IM-04", detail="file").as_error()
        return kept[1]

    def drop(self, word: str) -> None:
        """Forget a file; one that is gone is no error."""
        self.files.pop(word, None)
