"""Documents at a gate: order, rollback, doubt, rotation (protocol cases 19-25, 39)."""

import pytest

from equalgate import contract_samples as sample
from mqtt.contract import codec, documents
from mqtt.contract.documents import Chunk, Held, Wanted
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope
from mqtt.contract.topics import DocumentName
from mqtt.contract.trusted import MAX_CHUNKS, Progress, TrustedDocuments
from tests.support.documents import ROOT, Publisher, deliver, gate_with, key_document, revocations

NAME = DocumentName.REVOCATIONS
NOW = sample.NOW_MS


def code(progress: Progress) -> ReasonCode | None:
    return progress.refused.code if progress.refused else None


def started() -> tuple[TrustedDocuments, Publisher]:
    gate, publisher = gate_with(), Publisher(NAME)
    deliver(gate, publisher, publisher.publish(revocations(1, 2)))
    assert gate.held(NAME).version == 1
    return gate, publisher


def test_a_first_document_comes_as_a_full_copy_and_then_as_a_delta() -> None:
    gate, publisher = gate_with(), Publisher(NAME)
    header = publisher.publish(revocations(1, 2))
    (ask,) = gate.hear_header(NAME, header, NOW).asks
    assert (ask.name, ask.wanted, ask.have_version) == (NAME, Wanted.FULL, 0)
    (chunk,) = publisher.answer(ask)
    (accepted,) = gate.hear_chunk(NAME, chunk, NOW).accepted
    assert accepted.held == gate.held(NAME) == publisher.versions[1]
    assert accepted.issued_at_ms == NOW + 1
    (ask,) = gate.hear_header(NAME, publisher.publish(revocations(2, 3)), NOW).asks
    assert (ask.wanted, ask.have_version) == (Wanted.DELTA, 1)
    assert codec.decode(ask.message(), documents.Get).have_digest == publisher.versions[1].digest
    (chunk,) = publisher.answer(ask)
    assert codec.decode(chunk, Chunk).base_version == 1
    assert gate.hear_chunk(NAME, chunk, NOW).accepted[0].held == publisher.versions[2]
    assert gate.versions() == {"revocations": (2, publisher.versions[2].digest)}


def test_the_held_version_again_says_that_the_list_is_current() -> None:
    gate, publisher = started()
    progress = gate.hear_header(NAME, publisher.header(1), NOW)
    assert progress == Progress(current=True)


def test_24_39_an_older_version_is_refused_and_nothing_changes() -> None:
    gate, publisher = started()
    deliver(gate, publisher, publisher.publish(revocations(9)))
    progress = gate.hear_header(NAME, publisher.header(1), NOW)
    assert code(progress) is ReasonCode.ROLLBACK
    assert gate.held(NAME) == publisher.versions[2]
    assert gate.hear_chunk(NAME, publisher.chunks(1)[0], NOW) == Progress()


def test_an_older_header_does_not_replace_a_newer_one_that_is_on_its_way() -> None:
    gate, publisher = started()
    second, third = publisher.publish(revocations(3)), publisher.publish(revocations(4))
    gate.hear_header(NAME, third, NOW)
    assert code(gate.hear_header(NAME, second, NOW)) is ReasonCode.ROLLBACK
    assert gate.hear_chunk(NAME, publisher.chunks(3)[0], NOW).accepted[0].held.version == 3


def test_one_version_with_two_contents_is_a_fork() -> None:
    gate, _ = started()
    other = Publisher(NAME)
    assert code(gate.hear_header(NAME, other.publish(revocations(7)), NOW)) is ReasonCode.FORK
    gate, publisher = gate_with(), Publisher(NAME)
    gate.hear_header(NAME, publisher.publish(revocations(1)), NOW)
    assert code(gate.hear_header(NAME, other.header(1), NOW)) is ReasonCode.FORK


def test_22_a_delta_for_another_base_asks_for_a_full_copy() -> None:
    gate, publisher = started()
    publisher.publish(revocations(1, 2, 3))
    header = publisher.publish(revocations(1, 2, 3, 4))
    gate.hear_header(NAME, header, NOW)
    progress = gate.hear_chunk(NAME, publisher.chunks(3, base=2)[0], NOW)
    assert (code(progress), progress.asks[0].wanted) == (ReasonCode.BASE_MISMATCH, Wanted.FULL)
    assert gate.hear_chunk(NAME, publisher.chunks(3, base=1)[0], NOW) == Progress()
    assert gate.asks()[0].wanted is Wanted.FULL
    assert gate.hear_chunk(NAME, publisher.chunks(3)[0], NOW).accepted[0].held.version == 3


def test_23_a_wrong_digest_keeps_the_held_one_and_asks_for_a_full_copy() -> None:
    gate, publisher = started()
    gate.hear_header(NAME, publisher.publish(revocations(5)), NOW)
    planted = documents.chunks_of(NAME, 2, 0, revocations(6), ())[0]
    progress = gate.hear_chunk(NAME, planted, NOW)
    assert (code(progress), progress.asks[0].wanted) == (ReasonCode.DIGEST_MISMATCH, Wanted.FULL)
    assert gate.held(NAME).version == 1
    assert gate.hear_chunk(NAME, publisher.chunks(2)[0], NOW).accepted


def test_22_another_base_is_noticed_with_the_first_chunk_of_many() -> None:
    gate, publisher = started()
    gate.hear_header(NAME, publisher.publish(revocations(5)), NOW)
    strange = codec.encode(Chunk(NAME, 2, 7, 0, 20, (), ()))
    assert code(gate.hear_chunk(NAME, strange, NOW)) is ReasonCode.BASE_MISMATCH


def many() -> tuple[TrustedDocuments, Publisher, list[bytes]]:
    gate, publisher = gate_with(), Publisher(NAME)
    gate.hear_header(NAME, publisher.publish(revocations(*range(1, 4_001))), NOW)
    chunks = publisher.chunks(1)
    assert len(chunks) > 2
    return gate, publisher, chunks


def test_25_missing_and_doubled_chunks() -> None:
    gate, publisher, chunks = many()
    for chunk in (*chunks[1:], *chunks[1:]):
        assert gate.hear_chunk(NAME, chunk, NOW) == Progress()
    assert gate.held(NAME).version == 0
    assert gate.hear_chunk(NAME, chunks[0], NOW).accepted[0].held == publisher.versions[1]


def test_25_chunks_of_another_document_or_without_sense() -> None:
    gate, _, chunks = many()
    strange = [
        codec.encode(Chunk(DocumentName.LEASES, 1, 0, 0, 1, (), ())),
        codec.encode(Chunk(NAME, 1, 0, 3, 3, (), ())),
        codec.encode(Chunk(NAME, 1, 0, 0, 0, (), ())),
        codec.encode(Chunk(NAME, 1, 0, 0, MAX_CHUNKS + 1, (), ())),
        b"\xff",
        b"",
    ]
    for data in strange:
        progress = gate.hear_chunk(NAME, data, NOW)
        assert progress.refused is not None
        assert progress.asks == ()
    assert [gate.hear_chunk(NAME, chunk, NOW) for chunk in chunks][-1].accepted


def test_two_totals_or_two_contents_for_one_place_start_over_at_once() -> None:
    first = codec.decode(many()[2][0], Chunk)
    for planted, reason in (
        (Chunk(NAME, 1, 0, 1, 99, (), ()), ReasonCode.INCOMPLETE),
        (Chunk(NAME, 1, 0, 0, first.total, (), ("x",)), ReasonCode.DIGEST_MISMATCH),
    ):
        gate, publisher, chunks = many()
        gate.hear_chunk(NAME, chunks[0], NOW)
        progress = gate.hear_chunk(NAME, codec.encode(planted), NOW)
        assert (code(progress), progress.asks[0].wanted) == (reason, Wanted.FULL)
        assert [gate.hear_chunk(NAME, chunk, NOW) for chunk in publisher.chunks(1)][-1].accepted


def test_what_is_pending_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqtt.contract.trusted.MAX_PENDING_BYTES", 60_000)
    gate, _, chunks = many()
    codes = [code(gate.hear_chunk(NAME, chunk, NOW)) for chunk in chunks]
    assert ReasonCode.TOO_LARGE in codes
    assert gate.held(NAME).version == 0


def test_a_chunk_before_its_header_is_left_alone() -> None:
    gate, publisher = gate_with(), Publisher(NAME)
    header = publisher.publish(revocations(1))
    assert gate.hear_chunk(NAME, publisher.chunks(1)[0], NOW) == Progress()
    assert deliver(gate, publisher, header).accepted


def test_38_headers_by_others_or_for_others_are_refused() -> None:
    gate, publisher = started()
    publisher.publish(revocations(3))
    publisher.signer = sample.signer("command")
    assert code(gate.hear_header(NAME, publisher.header(2), NOW)) is ReasonCode.UNKNOWN_KEY
    publisher.signer = ROOT
    for changes in ({"gate": "gate-south"}, {"site": "another-site"}):
        header = publisher.header(2, **changes)
        assert code(gate.hear_header(NAME, header, NOW)) is ReasonCode.WRONG_AUDIENCE
    header = publisher.header(2)
    assert code(gate.hear_header(DocumentName.POLICY, header, NOW)) is ReasonCode.WRONG_AUDIENCE
    assert gate.asks() == ()


def test_version_zero_is_refused() -> None:
    publisher = Publisher(NAME)
    assert code(gate_with().hear_header(NAME, publisher.header(0), NOW)) is ReasonCode.ROLLBACK


NEW, NEWER = sample.signer("guard"), sample.signer("manager")


def test_keys_rotate_by_a_document_that_an_accepted_key_signed() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    assert deliver(gate, keys, keys.publish(key_document(ROOT, NEW))).accepted
    keys.signer = NEW
    assert deliver(gate, keys, keys.publish(key_document(NEW, NEWER))).accepted
    keys.signer = ROOT
    header = keys.publish(key_document(ROOT))
    assert code(gate.hear_header(DocumentName.KEYS, header, NOW)) is ReasonCode.UNKNOWN_KEY
    assert set(gate.keys(KeyScope.DOCUMENT, NOW).values()) == {NEW.public_key, NEWER.public_key}


def test_a_header_by_a_new_key_is_taken_when_the_keys_arrive() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    publisher = Publisher(NAME, NEW)
    header = publisher.publish(revocations(1))
    assert code(gate.hear_header(NAME, header, NOW)) is ReasonCode.UNKNOWN_KEY
    progress = deliver(gate, keys, keys.publish(key_document(ROOT, NEW)))
    assert [ask.name for ask in progress.asks] == [NAME]
    assert gate.hear_chunk(NAME, publisher.chunks(1)[0], NOW).accepted


def test_a_retired_key_loses_what_is_not_whole_yet() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    deliver(gate, keys, keys.publish(key_document(ROOT, NEW)))
    publisher = Publisher(NAME, NEW)
    gate.hear_header(NAME, publisher.publish(revocations(1)), NOW)
    deliver(gate, keys, keys.publish(key_document(ROOT)))
    assert gate.asks() == ()
    assert gate.hear_chunk(NAME, publisher.chunks(1)[0], NOW) == Progress()
    assert gate.held(NAME).version == 0


def test_what_a_remaining_key_signed_is_asked_for_again_after_new_keys() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    publisher = Publisher(NAME)
    gate.hear_header(NAME, publisher.publish(revocations(1)), NOW)
    progress = deliver(gate, keys, keys.publish(key_document(ROOT, NEW)))
    assert [ask.name for ask in progress.asks] == [NAME]
    assert gate.hear_chunk(NAME, publisher.chunks(1)[0], NOW).accepted


def test_a_key_under_another_name_is_refused() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    good = key_document(ROOT, NEW)
    first, second = good
    swapped = {first: good[second], second: good[first]}
    assert code(deliver(gate, keys, keys.publish(swapped))) is ReasonCode.BAD_ID
    assert gate.held(DocumentName.KEYS).version == 0


def test_a_key_outside_its_window_signs_nothing_unless_the_clock_is_unknown() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    deliver(gate, keys, keys.publish(key_document(ROOT, until_ms=NOW + 10)))
    publisher = Publisher(NAME)
    header = publisher.publish(revocations(1))
    assert code(gate.hear_header(NAME, header, NOW + 11)) is ReasonCode.UNKNOWN_KEY
    assert gate.hear_header(NAME, header, None).asks


def test_a_keys_document_that_would_lock_the_gate_out_is_refused() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    progress = deliver(gate, keys, keys.publish({}))
    assert code(progress) is ReasonCode.INCOMPLETE
    assert gate.held(DocumentName.KEYS).version == 0
    assert gate.keys(KeyScope.DOCUMENT, NOW) == {
        next(iter(gate.keys(KeyScope.DOCUMENT, NOW))): ROOT.public_key
    }


def test_a_whole_document_that_the_check_refuses_is_not_asked_for_again() -> None:
    gate, publisher = started()
    progress = deliver(gate, publisher, publisher.publish({"not-an-id": b"\xa0"}))
    assert isinstance(progress.refused, ConfigError)
    assert gate.held(NAME).version == 1
    again = gate.hear_header(NAME, publisher.header(2), NOW)
    assert (code(again), again.asks) == (ReasonCode.CONFIG_INVALID, ())
    assert deliver(gate, publisher, publisher.publish(revocations(4))).accepted


def test_restore_takes_up_what_was_saved_and_rotated_keys() -> None:
    gate, keys = gate_with(), Publisher(DocumentName.KEYS)
    deliver(gate, keys, keys.publish(key_document(NEW)))
    publisher = Publisher(NAME, NEW)
    deliver(gate, publisher, publisher.publish(revocations(1)))
    stored = {name: gate.held(name) for name in (DocumentName.KEYS, NAME)}
    fresh = gate_with()
    assert fresh.restore(stored) == frozenset()
    assert fresh.versions() == gate.versions()
    assert fresh.hear_header(NAME, publisher.header(1), NOW).current


def test_07_09_a_damaged_document_is_not_used_and_nothing_older_replaces_it() -> None:
    _, publisher = started()
    publisher.publish(revocations(1, 2, 3))
    good = publisher.versions[2]
    gate = gate_with()
    assert gate.restore({NAME: Held(2, good.digest, revocations(1))}) == {NAME}
    assert gate.held(NAME).version == 0
    assert code(gate.hear_header(NAME, publisher.header(1), NOW)) is ReasonCode.ROLLBACK
    assert deliver(gate, publisher, publisher.header(2)).accepted[0].held == good
