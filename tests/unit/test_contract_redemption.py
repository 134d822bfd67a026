"""News between gates: only from that gate, only newer than the last."""

import pytest
from msgspec.structs import replace

from equalgate import contract_samples as sample
from mqtt.contract import codec, envelope, redemption
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.redemption import Feed

GATE = sample.signer("gate")


def code_of(data: bytes, gate: str = sample.GATE, heard: tuple[int, int] = (-1, -1)) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        redemption.open_feed(data, sample.SITE, gate, sample.keys(), heard)
    return caught.value.code


def sealed(feed: Feed) -> bytes:
    return redemption.seal_feed(feed, GATE)


def test_news_open_and_an_empty_message_too() -> None:
    for feed in (sample.feed(), replace(sample.feed(), spent=(), moves=())):
        opened = redemption.open_feed(sealed(feed), sample.SITE, sample.GATE, sample.keys())
        assert opened == feed


def test_recorded_news_do_not_make_a_dead_feed_look_fresh() -> None:
    data = sealed(sample.feed())
    for heard in ((5, 20_000), (5, 20_001), (6, 0)):
        assert code_of(data, heard=heard) is ReasonCode.REPLAYED
    opened = redemption.open_feed(data, sample.SITE, sample.GATE, sample.keys(), (5, 19_999))
    assert opened == sample.feed()


def test_a_gate_speaks_for_itself_only() -> None:
    assert code_of(sealed(sample.feed()), gate="gate-south") is ReasonCode.KEY_OUT_OF_SCOPE
    posing = sealed(replace(sample.feed(), gate="gate-south"))
    assert code_of(posing) is ReasonCode.WRONG_AUDIENCE
    elsewhere = sealed(replace(sample.feed(), site="another-site"))
    assert code_of(elsewhere) is ReasonCode.WRONG_AUDIENCE
    by_controller = redemption.seal_feed(sample.feed(), sample.signer("command"))
    assert code_of(by_controller) is ReasonCode.KEY_OUT_OF_SCOPE
    by_nobody = redemption.seal_feed(sample.feed(), sample.signer("witness"))
    assert code_of(by_nobody) is ReasonCode.UNKNOWN_KEY


def test_other_versions_and_too_many_news_are_refused() -> None:
    body = codec.encode(sample.feed())
    newer = envelope.seal(redemption.FEED_TYPE, 2, body, GATE)
    assert code_of(newer) is ReasonCode.VERSION_UNSUPPORTED
    many = replace(sample.feed(), spent=sample.feed().spent * (redemption.MAX_NEWS + 1))
    assert code_of(sealed(many)) is ReasonCode.WRONG_SHAPE
