"""A gate tells a restored controller what it knows to have ended."""

from mqtt.contract.envelope import key_id
from mqtt.contract.read_back import open_held
from mqtt.contract.topics import TopicKind
from tests.support.gate_link import GateLink
from tests.support.gate_log import GATE, GATE_SIGNER, SITE

KEYS = {key_id(GATE_SIGNER.public_key): GATE_SIGNER.public_key}
NONCE = b"n" * 16


def test_a_question_is_answered_signed_and_not_in_a_burst() -> None:
    link = GateLink()
    link.start()
    for _ in range(5):
        link.send(TopicKind.TELL, NONCE)
    link.run(500)
    (answer,) = link.payloads(TopicKind.HELD)
    part = open_held(answer, SITE, GATE, KEYS)
    assert (part.nonce, part.index, part.total) == (NONCE, 0, 1)
    link.run(10_000)
    link.send(TopicKind.TELL, b"m" * 16)
    link.run(500)
    assert open_held(link.payloads(TopicKind.HELD)[-1], SITE, GATE, KEYS).nonce == b"m" * 16


def test_a_question_without_its_number_is_refused() -> None:
    link = GateLink()
    link.start()
    link.send(TopicKind.TELL, b"")
    link.run(500)
    assert link.payloads(TopicKind.HELD) == []
