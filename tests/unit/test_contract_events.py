"""Batches and acknowledgements: one bad leaf spoils the batch, an erased part spoils nothing."""

import pytest
from msgspec.structs import replace

from equalgate import contract_samples as sample
from mqtt.contract import audit, codec, envelope, events
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Ack, BatchHeader, BatchMessage, Leaf, Personal
from mqtt.contract.reasons import ReasonCode

GATE = sample.signer("gate")
Parts = tuple[tuple[bytes, bytes] | None, ...]


def header(*leaves: Leaf, **changes: object) -> BatchHeader:
    made = BatchHeader(sample.SITE, sample.GATE, 3, 0, tuple(map(codec.encode, leaves)))
    return replace(made, **changes)


def code_of(head: BatchHeader, personal: Parts) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        events.open_batch(events.seal_batch(head, personal, GATE), GATE.public_key)
    return caught.value.code


LEAF, SALT, PART = sample.leaf(0)


def test_a_batch_opens_with_hashes_and_decoded_parts() -> None:
    batch = events.open_batch(sample.batch(3), GATE.public_key)
    assert batch.kid == key_id(GATE.public_key)
    assert batch.leaves[0] == LEAF
    assert batch.persons[0] == Personal(b"holder-1", b"credent1")
    assert batch.hashes == tuple(map(audit.leaf_hash, batch.header.leaves))
    assert batch.personal[1] is None


def test_32_events_fit_and_33_are_refused() -> None:
    assert len(events.open_batch(sample.batch(32), GATE.public_key).leaves) == events.BATCH_LIMIT
    with pytest.raises(ContractError) as caught:
        events.open_batch(sample.batch(33), GATE.public_key)
    assert caught.value.code is ReasonCode.WRONG_SHAPE


@pytest.mark.parametrize(
    ("field", "value"),
    [("site", "another-site"), ("gate", "gate-south"), ("epoch", 4), ("seq", 1)],
)
def test_a_leaf_of_another_log_or_place_is_refused(field: str, value: object) -> None:
    wrong = replace(LEAF, **{field: value})
    assert code_of(header(wrong), ((SALT, PART),)) is ReasonCode.WRONG_SHAPE


def test_a_gap_inside_a_batch_is_refused() -> None:
    skipped, salt, part = sample.leaf(2)
    assert code_of(header(LEAF, skipped), ((SALT, PART), (salt, part))) is ReasonCode.WRONG_SHAPE


def test_a_newer_leaf_version_is_named() -> None:
    newer = replace(LEAF, version=2)
    assert code_of(header(newer), ((SALT, PART),)) is ReasonCode.VERSION_UNSUPPORTED


def test_a_personal_part_must_be_the_committed_one() -> None:
    other = codec.encode(Personal(b"holder-2", b"credent1"))
    for personal in ((SALT, other), (b"x" * 16, PART), (SALT[:15], PART), (SALT + b"\x00", PART)):
        assert code_of(header(LEAF), (personal,)) is ReasonCode.COMMITMENT_MISMATCH
    bare = replace(LEAF, commitment=b"")
    assert code_of(header(bare), ((SALT, PART),)) is ReasonCode.COMMITMENT_MISMATCH


def test_a_committed_part_that_cannot_be_read_is_refused() -> None:
    for part in (
        b"\xff",
        codec.encode_plain([b"x" * 9, b"", b"", ""]),
        codec.encode_plain({"a": 1}),
    ):
        leaf = replace(LEAF, commitment=audit.commitment(SALT, part))
        data = events.seal_batch(header(leaf), ((SALT, part),), GATE)
        with pytest.raises(ContractError):
            events.open_batch(data, GATE.public_key)


def test_parts_and_leaves_must_be_as_many_and_at_least_one() -> None:
    assert code_of(header(LEAF), ()) is ReasonCode.WRONG_SHAPE
    assert code_of(header(LEAF), (None, None)) is ReasonCode.WRONG_SHAPE
    assert code_of(header(), ()) is ReasonCode.WRONG_SHAPE


def test_an_erased_part_leaves_the_leaf_and_its_hash_as_they_were() -> None:
    with_part = events.seal_batch(header(LEAF), ((SALT, PART),), GATE)
    without = events.seal_batch(header(LEAF), (None,), GATE)
    opened = [events.open_batch(data, GATE.public_key) for data in (with_part, without)]
    assert opened[0].hashes == opened[1].hashes


def test_another_signer_version_or_type_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        events.open_batch(sample.batch(), sample.signer("guard").public_key)
    assert caught.value.code is ReasonCode.UNKNOWN_KEY
    body = codec.encode(header(LEAF))
    for type_, version, code in (
        ("events", 2, ReasonCode.VERSION_UNSUPPORTED),
        ("ack", 1, ReasonCode.WRONG_TYPE),
    ):
        data = codec.encode(BatchMessage(envelope.seal(type_, version, body, GATE), (None,)))
        with pytest.raises(ContractError) as caught:
            events.open_batch(data, GATE.public_key)
        assert caught.value.code is code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at_s", -1),
        ("at_s", 2**53),
        ("seq", -1),
        ("clock_level", 3),
        ("intent_to_unlock_ms", -2),
        ("cause_seq", -2),
        ("commitment", bytes(33)),
        ("access_point", "x" * 41),
    ],
)
def test_values_that_a_database_could_not_take_are_refused(field: str, value: object) -> None:
    raw = codec.encode(replace(LEAF, **{field: value}))
    with pytest.raises(ContractError):
        codec.decode(raw, Leaf)


def test_no_field_has_room_for_a_biometric_reference() -> None:
    """Rule ST-02: the smallest reference known to us has 128 bytes."""
    for note in ("x" * 65, "同" * 65):
        with pytest.raises(ContractError):
            codec.decode(codec.encode(Personal(note=note)), Personal)
    codec.decode(codec.encode(Personal(note="x" * events.NOTE_CHARACTERS)), Personal)


ACK = Ack(sample.SITE, sample.GATE, 3, 32, bytes(32), {"events": 1})
ACK_KEY = sample.signer("ack")
ACK_KEYS = {key_id(ACK_KEY.public_key): ACK_KEY.public_key}


def test_an_ack_counts_for_its_gate_and_from_its_key_only() -> None:
    data = events.seal_ack(ACK, ACK_KEY)
    assert events.open_ack(data, sample.SITE, sample.GATE, ACK_KEYS) == ACK
    cases = [
        (data, "gate-south", ACK_KEYS, ReasonCode.WRONG_AUDIENCE),
        (events.seal_ack(ACK, GATE), sample.GATE, ACK_KEYS, ReasonCode.UNKNOWN_KEY),
        (
            envelope.seal("ack", 2, codec.encode(ACK), ACK_KEY),
            sample.GATE,
            ACK_KEYS,
            ReasonCode.VERSION_UNSUPPORTED,
        ),
        (
            envelope.seal("cmd", 1, codec.encode(ACK), ACK_KEY),
            sample.GATE,
            ACK_KEYS,
            ReasonCode.WRONG_TYPE,
        ),
    ]
    for sent, gate, keys, code in cases:
        with pytest.raises(ContractError) as caught:
            events.open_ack(sent, sample.SITE, gate, keys)
        assert caught.value.code is code
