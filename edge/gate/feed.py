"""Exchange redemptions and moves with the other gates of the site.

News leaves at once; an empty message every 20 s proves that the feed is alive. What could not be
sent waits, bounded, because a use that is heard late still stops a second use (protocol notes
§7.1, case 42).
"""

from collections import deque
from collections.abc import Mapping

from edge.domain.effects import TellGates, TellMove
from edge.domain.inputs import FeedHeard, Input, MoveHeard, RedemptionHeard
from edge.domain.model import Moment
from mqtt.contract.records import KeyRecord
from mqtt.contract.redemption import MAX_NEWS, Feed, Move, Spent, open_feed

__all__ = ["SIGN_OF_LIFE_MS", "FeedDesk"]

SIGN_OF_LIFE_MS = 20_000
_WAITING_LIMIT = 2_000


class FeedDesk:
    """The gate's side of the feed; `boot_counter` is this boot's."""

    def __init__(self, site: str, gate: str, boot_counter: int) -> None:
        self._site = site
        self._gate = gate
        self._boot_counter = boot_counter
        self._spent: deque[Spent] = deque(maxlen=_WAITING_LIMIT)
        self._moves: deque[Move] = deque(maxlen=_WAITING_LIMIT)
        self._sent_ms: int | None = None
        self._last_mono_ms = -1
        self._heard: dict[str, tuple[int, int]] = {}

    def tell(self, effect: TellGates | TellMove, now: Moment) -> None:
        """Take news to be sent."""
        match effect:
            case TellGates(pass_id, use):
                self._spent.append(Spent(pass_id, use, max(0, now.utc_ms)))
            case TellMove(holder, zone_from, zone_to):
                self._moves.append(Move(holder, zone_from, zone_to))

    def due(self, now: Moment) -> Feed | None:
        """Return the message to send now, or None."""
        quiet_ms = None if self._sent_ms is None else now.mono_ms - self._sent_ms
        has_news = bool(self._spent or self._moves)
        if not has_news and quiet_ms is not None and quiet_ms < SIGN_OF_LIFE_MS:
            return None
        mono_ms = max(now.mono_ms, self._last_mono_ms + 1)
        spent = tuple(self._spent)[:MAX_NEWS]
        moves = tuple(self._moves)[:MAX_NEWS]
        return Feed(self._site, self._gate, self._boot_counter, mono_ms, spent, moves)

    def sent(self, feed: Feed, now: Moment) -> None:
        """Note that the broker took a message."""
        self._sent_ms, self._last_mono_ms = now.mono_ms, feed.mono_ms
        for _ in feed.spent:
            self._spent.popleft()
        for _ in feed.moves:
            self._moves.popleft()

    def connected(self) -> None:
        """Show a sign of life at once."""
        self._sent_ms = None

    def hear(
        self, payload: bytes, gate: str, keys: Mapping[bytes, KeyRecord], now: Moment
    ) -> list[Input]:
        """Return what another gate's message means for this one. Raises ContractError."""
        heard = self._heard.get(gate, (-1, -1))
        feed = open_feed(payload, self._site, gate, keys, heard)
        self._heard[gate] = (feed.boot_counter, feed.mono_ms)
        uses = [RedemptionHeard(now, gate, use.pass_id, use.use, use.at_ms) for use in feed.spent]
        moves = [
            MoveHeard(now, gate, move.holder, move.zone_from, move.zone_to, now.utc_ms)
            for move in feed.moves
        ]
        return [FeedHeard(now, gate), *uses, *moves]
