"""Topics are built and parsed in one place, and nothing else is a topic."""

import pytest

from mqtt.contract import topics
from mqtt.contract.delivery import DELIVERY, Sender
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.topics import DocumentName, Topic, TopicKind

SITE, GATE = SiteId("tongxing-court"), GateId("gate-north")
WITH_DOCUMENT = {TopicKind.GET, TopicKind.WANT, TopicKind.DOCUMENT}


def every_topic() -> list[Topic]:
    plain = [Topic(SITE, GATE, kind) for kind in TopicKind if kind not in WITH_DOCUMENT]
    named = [Topic(SITE, GATE, kind, name) for kind in WITH_DOCUMENT for name in DocumentName]
    return plain + named


def test_every_topic_goes_to_text_and_back() -> None:
    texts = {str(topic) for topic in every_topic()}
    assert len(texts) == len(every_topic())
    assert "ac/1/tongxing-court/gate-north/dn/want/keys" in texts
    assert "ac/1/tongxing-court/_/redeem/gate-north" in texts
    for topic in every_topic():
        assert topics.parse(str(topic)) == topic


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ac/1/tongxing-court/gate-north",
        "ac/2/tongxing-court/gate-north/state",
        "ac/1/tongxing-court/gate-north/up",
        "ac/1/tongxing-court/gate-north/up/ev/x",
        "ac/1/tongxing-court/gate-north/up/up/ev",
        "ac/1/tongxing-court/gate-north/state/x",
        "ac/1/tongxing-court/gate-north/dn/want",
        "ac/1/tongxing-court/gate-north/dn/want/template",
        "ac/1/tongxing-court/gate-north/dn/want/keys/x",
        "ac/1/tongxing-court/gate-north/redeem",
        "ac/1/tongxing-court/gate-north/up/tpl",
        "ac/1/tongxing-court/_/redeem",
        "ac/1/tongxing-court/_/state",
        "ac/1/tongxing-court/_/redeem/gate-north/x",
        "ac/1/tongxing-court/_/redeem/+",
        "ac/1/tongxing-court/+/up/ev",
        "ac/1//gate-north/up/ev",
        "ac/1/tongxing-court/gate-north/up/ev\x00",
        "/ac/1/tongxing-court/gate-north/state",
        "$SYS/broker/uptime",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        topics.parse(text)


def test_misuse_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError):
        topics.build(SITE, GATE, TopicKind.WANT)
    with pytest.raises(RuntimeError):
        topics.build(SITE, GATE, TopicKind.STATE, DocumentName.KEYS)


def test_filters_name_one_gate_or_one_kind() -> None:
    assert topics.down_filter(SITE, GATE) == "ac/1/tongxing-court/gate-north/dn/#"
    assert topics.redeem_filter(SITE) == "ac/1/tongxing-court/_/redeem/+"
    assert topics.site_filter(SITE, TopicKind.EVENTS) == "ac/1/tongxing-court/+/up/ev"
    assert topics.site_filter(SITE, TopicKind.GET) == "ac/1/tongxing-court/+/up/get/+"
    for bad in ("+", "#", "gate/north"):
        with pytest.raises(ContractError):
            topics.down_filter(SITE, GateId(bad))


def test_every_kind_says_how_it_travels() -> None:
    assert set(DELIVERY) == set(TopicKind)
    assert not DELIVERY[TopicKind.COMMAND].retain
    retained = {kind for kind, delivery in DELIVERY.items() if delivery.retain}
    assert retained == {TopicKind.STATE, TopicKind.WANT}
    for kind, delivery in DELIVERY.items():
        assert (delivery.sender is Sender.CONTROLLER) == kind.value.startswith("dn/")
