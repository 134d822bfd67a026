"""Answers of the broker meet their publishes, whichever comes first."""

import pytest

from mqtt.client.link_port import PublishBook
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode


def test_answer_after_the_call_returned() -> None:
    book = PublishBook(4)
    assert book.note_sent(7, 1) is None
    assert book.note_answer(7, accepted=True) == 1
    assert book.note_sent(7, 0) is None
    assert book.note_answer(7, accepted=True) == 0


@pytest.mark.parametrize("accepted", [True, False])
def test_answer_before_the_call_returned(accepted: bool) -> None:
    book = PublishBook(4)
    assert book.note_answer(7, accepted=accepted) is None
    assert book.note_sent(7, 1) is accepted
    assert book.note_sent(7, 1) is None


def test_room_is_what_waits_for_an_answer() -> None:
    book = PublishBook(2)
    for packet_id in (1, 2):
        book.check_room()
        book.note_sent(packet_id, 1)
    with pytest.raises(UnavailableError) as caught:
        book.check_room()
    assert caught.value.code is ReasonCode.QUEUE_FULL
    book.note_answer(1, accepted=False)
    book.check_room()
