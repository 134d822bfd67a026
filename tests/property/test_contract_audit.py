"""The tree against a slow one written from RFC 9162 §2.1, and every change is noticed."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt.contract import audit
from mqtt.contract.audit import Frontier

HASHES = [audit.leaf_hash(bytes([number])) for number in range(70)]


def slow_root(hashes: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) as the RFC defines it, leaf hashes given."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + slow_root(hashes[:split]) + slow_root(hashes[split:])).digest()


ROOTS = [slow_root(HASHES[:size]) for size in range(71)]


def test_roots_of_all_sizes_equal_the_slow_ones() -> None:
    frontier = Frontier()
    for size in range(71):
        assert audit.root_of(HASHES[:size]) == ROOTS[size]
        assert frontier.root() == ROOTS[size]
        assert frontier.size == size
        loaded = Frontier.load(size, frontier.dump())
        assert loaded.root() == ROOTS[size]
        if size < 70:
            frontier.append(HASHES[size])
    with pytest.raises(ValueError, match="frontier"):
        Frontier.load(3, bytes(32))


def test_inclusion_of_every_leaf_in_every_size() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = audit.inclusion_proof(HASHES[:size], index)
            assert audit.verify_inclusion(HASHES[index], index, size, proof, ROOTS[size])
            other = (index + 1) % size
            if other != index:
                assert not audit.verify_inclusion(HASHES[other], index, size, proof, ROOTS[size])
                assert not audit.verify_inclusion(HASHES[index], other, size, proof, ROOTS[size])
            assert not audit.verify_inclusion(
                HASHES[index], index, size, [*proof, bytes(32)], ROOTS[size]
            )
            if proof:
                cut = proof[:-1]
                assert not audit.verify_inclusion(HASHES[index], index, size, cut, ROOTS[size])
        assert not audit.verify_inclusion(HASHES[0], size, size, [], ROOTS[size])
        assert not audit.verify_inclusion(HASHES[0], -1, size, [], ROOTS[size])


def test_consistency_between_all_pairs_of_sizes() -> None:
    for size in range(1, 71):
        for old in range(size + 1):
            proof = audit.consistency_proof(HASHES[:size], old)
            assert audit.verify_consistency(old, ROOTS[old], size, ROOTS[size], proof)
            if not 0 < old < size:
                assert not audit.verify_consistency(old, bytes(32), size, ROOTS[size], proof)
                continue
            assert not audit.verify_consistency(old, ROOTS[old - 1], size, ROOTS[size], proof)
            assert not audit.verify_consistency(old, ROOTS[old], size, ROOTS[size - 1], proof)
            assert not audit.verify_consistency(old, ROOTS[old], size, ROOTS[size], proof[:-1])
            longer = [*proof, bytes(32)]
            assert not audit.verify_consistency(old, ROOTS[old], size, ROOTS[size], longer)
            assert not audit.verify_consistency(size, ROOTS[size], old, ROOTS[old], proof)


@given(st.integers(2, 70), st.data())
def test_any_change_deletion_or_swap_is_noticed(size: int, data: st.DataObject) -> None:
    leaves = [bytes([number]) for number in range(size)]
    at = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != at))
    changed = [leaf + b"x" if place == at else leaf for place, leaf in enumerate(leaves)]
    deleted = leaves[:at] + leaves[at + 1 :]
    swapped = list(leaves)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    root = audit.root_of(map(audit.leaf_hash, leaves))
    for altered in (changed, deleted, swapped, [*leaves, b"x"]):
        assert audit.root_of(map(audit.leaf_hash, altered)) != root


@given(st.integers(2, 70), st.data())
def test_any_flipped_bit_of_a_proof_is_noticed(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = audit.inclusion_proof(HASHES[:size], index)
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
    bad = [flipped if place == at else node for place, node in enumerate(proof)]
    assert not audit.verify_inclusion(HASHES[index], index, size, bad, ROOTS[size])


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=60), st.binary(max_size=60))
def test_a_commitment_holds_for_one_part_and_salt(salt: bytes, part: bytes, other: bytes) -> None:
    made = audit.commitment(salt, part)
    assert len(made) == audit.HASH_BYTES
    assert (audit.commitment(salt, other) == made) == (other == part)
    assert audit.commitment(bytes(map((255).__xor__, salt)), part) != made
