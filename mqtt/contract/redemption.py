"""Tell the other gates of the site which counted passes were used and where people went.

A gate publishes its news at once and an empty message every 20 s, so that the others know that
they hear it: a counted pass is good away from its home gate only while the feed is fresh, because
no protocol counts uses across gates that cannot hear each other. Pseudonyms only. A message counts
only if its boot counter and monotonic time rise, so a recorded one cannot make a dead feed look
fresh.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope

__all__ = [
    "FEED_TYPE",
    "FRESH_MS",
    "MAX_NEWS",
    "Feed",
    "Move",
    "Spent",
    "open_feed",
    "seal_feed",
]

FEED_TYPE = "redeem"
WIRE_VERSION = 1
MAX_NEWS = 200
"""Most uses, and most moves, in one message."""
FRESH_MS = 60_000
"""Age in ms above which a gate's feed does not count as heard."""


class Spent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A counted pass was used at this gate: `use` is the number of the use from 1, `at_ms` UTC."""

    pass_id: fields.Id
    use: fields.Count
    at_ms: fields.Count


class Move(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """This gate let a holder from one zone into another, for anti-passback ("" = outside all)."""

    holder: fields.Id
    zone_from: fields.Name
    zone_to: fields.Name


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The news of one gate since its last message, both lists possibly empty."""

    site: fields.Name
    gate: fields.Name
    boot_counter: fields.Count
    mono_ms: fields.Count
    spent: Annotated[tuple[Spent, ...], msgspec.Meta(max_length=MAX_NEWS)] = ()
    moves: Annotated[tuple[Move, ...], msgspec.Meta(max_length=MAX_NEWS)] = ()


def seal_feed(feed: Feed, signer: envelope.Signer) -> bytes:
    """Return the message to publish on `_/redeem/<gate>`."""
    return envelope.seal(FEED_TYPE, WIRE_VERSION, codec.encode(feed), signer)


def open_feed(
    data: bytes,
    site: str,
    gate: str,
    keys: Mapping[bytes, KeyRecord],
    heard: tuple[int, int] = (-1, -1),
) -> Feed:
    """Verify a feed that arrived on the topic of `gate`.

    `keys` are all keys in force; the signing key must have scope `redemption` and belong to that
    gate. `heard` is (boot counter, mono ms) of the last one believed from it. Raises ContractError:
    `key_out_of_scope`, `wrong_audience`, `replayed`, or what the envelope raises.
    """
    known = {kid: record.public_key for kid, record in keys.items()}
    opened = envelope.open_envelope(data, FEED_TYPE, known)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    record = keys[opened.kid]
    if KeyScope.REDEMPTION not in record.scopes or record.gate != gate:
        raise ContractError(ReasonCode.KEY_OUT_OF_SCOPE)
    feed = codec.decode(opened.body, Feed)
    if (feed.site, feed.gate) != (site, gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    if (feed.boot_counter, feed.mono_ms) <= heard:
        raise ContractError(ReasonCode.REPLAYED)
    return feed
