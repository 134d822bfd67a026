"""Judge one OSDP reader from what is seen of it. No I/O, no clock: instants are arguments.

Rules of this file, each against a trap measured on libosdp 3.2.9 (reference notes, 3.1):

1. A card read is passed on only if it is young. The reader's last "nothing to report" to a poll
   proves that no read waited in it then; a read that comes now is younger than that proof. If the
   proof is older than `max_read_age_ms`, or there is none, the read may have been made while the
   cable was cut: it is dropped and counted. The bound is exact, no guess about seconds after an
   outage; a short loss of the channel drops nothing.
2. A reader is online when its secure channel stands and it has said "nothing to report": from that
   message on no read is lost.
3. Silence of `silence_ms` is an outage. The library notices after 8.4 s and sits out 300 s; we
   start the session anew, which also ends the command that is under way.
4. Whatever answers without our key is a downgrade: one alarm per episode, tried again every
   `refused_retry_ms`, never re-keyed.
5. More than `drops_per_hour` losses in an hour are one alarm, and no further one for an hour.
"""

from dataclasses import dataclass
from enum import Enum

from edge.adapters.osdp_keys import SCBK_DEFAULT, answers_with
from edge.adapters.osdp_messages import (
    DowngradeCause,
    OfflineCause,
    OsdpDowngrade,
    OsdpFault,
    OsdpFaultCode,
    OsdpMessage,
    OsdpOffline,
    OsdpOnline,
)
from edge.adapters.osdp_wire import (
    CMD_CAP,
    CMD_CHLNG,
    REPLY_BUSY,
    REPLY_CCRYPT,
    REPLY_NAK,
    REPLY_PDCAP,
    Exchange,
)

__all__ = ["OsdpSettings", "ReaderWatch", "Recovery"]

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class OsdpSettings:
    """Every number of the bus, with its reason.

    `silence_ms`: two lost answers cost the library 2 s; a third in a row is an outage.
    `max_read_age_ms`: a person still stands there after 2.5 s, hardly after more.
    `answer_ms`: the library's own time-out for an answer.
    `poll_ms`: the library polls no sooner than this after an answer.
    `search_after_ms`: some readers fall back to address 1 after 30 s of silence (H05).
    `indication_ms`: light and sound that come later than this confuse the next person.
    """

    silence_ms: int = 2_500
    max_read_age_ms: int = 2_500
    refused_retry_ms: int = 5_000
    drops_per_hour: int = 5
    answer_ms: int = 200
    poll_ms: int = 51
    indication_ms: int = 1_000
    reopen_ms: int = 500
    search_after_ms: int = 30_000


class Recovery(Enum):
    """What the bus has to do for a reader now.

    REVIVE ends the library's 300 s of sulking (disable and enable); RESTART builds the session anew
    in the middle of an exchange, which disabling cannot do.
    """

    NONE = "none"
    REVIVE = "revive"
    RESTART = "restart"


class ReaderWatch:
    """State of one reader; methods return the messages to send."""

    def __init__(self, address: int, settings: OsdpSettings) -> None:
        self.address = address
        self._settings = settings
        self._is_linked = False
        self._is_online = False
        self._said_offline = False
        self._reported: DowngradeCause | None = None
        self._last: Exchange | None = None
        self._heard_ms: int | None = None
        self._proof_ms: int | None = None
        self._claim_ms: int | None = None
        self._revive_ms: int | None = None
        self._drops_ms: list[int] = []
        self._alarmed_ms: int | None = None

    @property
    def is_online(self) -> bool:
        """Tell whether the reader may be sent indications."""
        return self._is_online

    def started(self, now_ms: int) -> None:
        """Note that a session begins; silence counts from here."""
        self._is_linked = False
        self._last = None
        self._claim_ms = None
        self._revive_ms = None
        self._heard_ms = now_ms

    def stopped(self) -> None:
        """Forget what was said: the bus stops, and starts as if it had just been built."""
        self._is_linked = self._is_online = self._said_offline = False
        self._reported = self._proof_ms = self._claim_ms = self._heard_ms = None

    def exchanged(self, exchange: Exchange, now_ms: int) -> list[OsdpMessage]:
        """Note one answered command.

        A claim of "nothing to report" counts once the library went on after it, that is, once it
        had checked the MAC.
        """
        self._heard_ms = now_ms
        self._last = exchange
        if self._is_linked and self._claim_ms is not None:
            self._proof_ms = self._claim_ms
        self._claim_ms = now_ms if exchange.proves_nothing_waits else None
        if self._claim_ms is None or not self._is_linked or self._is_online:
            return []
        self._is_online, self._said_offline, self._reported = True, False, None
        return [OsdpOnline(self.address, now_ms)]

    def linked(self) -> None:
        """Note that the library reports the secure channel up."""
        self._is_linked = True

    def accepts_read(self, now_ms: int) -> bool:
        """Tell whether a read that arrives now is provably young enough (rule 1)."""
        proofs = [at for at in (self._proof_ms, self._claim_ms) if at is not None]
        return bool(proofs) and now_ms - max(proofs) <= self._settings.max_read_age_ms

    def unlinked(self, now_ms: int) -> list[OsdpMessage]:
        """Note that the library reports the reader offline, and find out why."""
        cause = self._downgrade_of(self._last)
        self._claim_ms = None
        self._is_linked = False
        pause_ms = 0 if cause is None else self._settings.refused_retry_ms
        self._revive_ms = now_ms + pause_ms
        messages = self._left(
            OfflineCause.LINK_ERROR if cause is None else OfflineCause.REFUSED, now_ms
        )
        if cause is not None and cause is not self._reported:
            self._reported = cause
            messages.append(OsdpDowngrade(self.address, cause, now_ms))
        return messages

    def lost_port(self, now_ms: int) -> list[OsdpMessage]:
        """Note that the line itself is gone."""
        self._is_linked = False
        return self._left(OfflineCause.PORT_LOST, now_ms)

    def look(self, now_ms: int) -> tuple[Recovery, list[OsdpMessage]]:
        """Say what is due now; to be called a few times a second."""
        silent = self._heard_ms is not None and (
            now_ms - self._heard_ms >= self._settings.silence_ms
        )
        if silent and (self._is_linked or self._is_online):
            self.started(now_ms)
            return Recovery.RESTART, self._left(OfflineCause.SILENT, now_ms)
        if self._revive_ms is not None and now_ms >= self._revive_ms:
            self._revive_ms = None
            return Recovery.REVIVE, []
        if silent and not self._said_offline and self._reported is None:
            return Recovery.NONE, self._left(OfflineCause.SILENT, now_ms)
        return Recovery.NONE, []

    def _left(self, cause: OfflineCause, now_ms: int) -> list[OsdpMessage]:
        was_online, self._is_online = self._is_online, False
        if self._said_offline:
            return []
        self._said_offline = True
        messages: list[OsdpMessage] = [OsdpOffline(self.address, cause, now_ms)]
        if was_online:
            messages += self._dropped(now_ms)
        return messages

    def _dropped(self, now_ms: int) -> list[OsdpMessage]:
        recent = [at for at in self._drops_ms if now_ms - at < _HOUR_MS]
        self._drops_ms = [*recent, now_ms][-(self._settings.drops_per_hour + 1) :]
        quiet = self._alarmed_ms is None or now_ms - self._alarmed_ms >= _HOUR_MS
        if len(self._drops_ms) <= self._settings.drops_per_hour or not quiet:
            return []
        self._alarmed_ms = now_ms
        return [OsdpFault(self.address, OsdpFaultCode.UNSTABLE, now_ms)]

    def _downgrade_of(self, last: Exchange | None) -> DowngradeCause | None:
        if last is None:
            return None
        command, reply = last.command.code, last.reply
        if command == CMD_CAP and reply.code == REPLY_PDCAP:
            return DowngradeCause.NO_ENCRYPTION
        if command == CMD_CHLNG and reply.code == REPLY_NAK:
            return DowngradeCause.NO_ENCRYPTION
        if command == CMD_CHLNG and reply.code == REPLY_CCRYPT:
            return _refused_key(last)
        if last.command.is_secured and not reply.is_secured:
            harmless = reply.code in (REPLY_NAK, REPLY_BUSY)
            return None if harmless else DowngradeCause.PLAINTEXT
        return None


def _refused_key(challenge: Exchange) -> DowngradeCause:
    says_default = challenge.reply.security[1:2] == b"\x00"
    holds_none = any(answers_with(key, challenge) for key in (SCBK_DEFAULT, bytes(16)))
    return DowngradeCause.FACTORY_KEY if says_default or holds_none else DowngradeCause.WRONG_KEY
