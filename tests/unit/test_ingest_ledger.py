"""Which events are new, and how far a log is held without a hole."""

from collections.abc import Mapping
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from controller.ingest.ledger import Ledger
from mqtt.contract.audit import Frontier, leaf_hash, root_of

HASHES = tuple(leaf_hash(bytes([n])) for n in range(200))


def nothing_held(first_seq: int) -> Mapping[int, bytes]:
    raise AssertionError(f"asked for {first_seq}")


def test_a_prefix_enters_the_tree_and_an_event_beyond_a_hole_waits() -> None:
    ledger = Ledger("gate-south", 7)
    ledger.admit(0, HASHES[:3], {})
    ledger.admit(5, HASHES[5:6], {})
    ledger.extend(nothing_held)
    assert (ledger.size, ledger.stored, ledger.has_hole) == (3, 4, True)
    assert ledger.frontier.root() == root_of(HASHES[:3])


def test_what_fills_a_hole_brings_in_what_the_database_holds_beyond() -> None:
    held = dict(enumerate(HASHES[:9]))
    held.pop(3)
    frontier = Frontier()
    for hashed in HASHES[:3]:
        frontier.append(hashed)
    ledger = Ledger("gate-south", 7, frontier, stored=8)
    assert ledger.may_hold(3)
    ledger.admit(3, HASHES[3:4], {})
    ledger.extend(
        lambda first: {seq: held[seq] for seq in sorted(held) if first <= seq < first + 2}
    )
    assert (ledger.size, ledger.has_hole) == (9, False)
    assert ledger.frontier.root() == root_of(HASHES[:9])


def test_the_same_again_is_a_duplicate_and_another_is_a_fork() -> None:
    ledger = Ledger("gate-south", 7)
    assert ledger.admit(0, HASHES[:2], {}).offsets == (0, 1)
    assert ledger.admit(0, HASHES[:2], {}).offsets == ()
    forked = ledger.admit(0, (HASHES[0], HASHES[9]), {})
    assert (forked.offsets, forked.fork_seq) == ((), 1)
    stored = Ledger("gate-south", 7).admit(0, (HASHES[5],), {0: HASHES[4]})
    assert (stored.offsets, stored.fork_seq) == ((), 0)


def from_number(database: dict[int, bytes], first: int) -> dict[int, bytes]:
    return {seq: database[seq] for seq in sorted(database) if seq >= first}


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=40), st.integers(1, 5))
def test_any_order_with_duplicates_ends_in_the_same_tree(
    sent: list[tuple[int, int]], group: int
) -> None:
    """The database is the dict; each group is one transaction with a new ledger."""
    database: dict[int, bytes] = {}
    size, stored, peaks = 0, 0, b""
    sent = [*sent, *((first, 8) for first in range(0, 72, 8))]
    for at in range(0, len(sent), group):
        ledger = Ledger("gate-south", 7, Frontier.load(size, peaks), stored)
        fresh: dict[int, bytes] = {}
        for first, count in sent[at : at + group]:
            hashes = HASHES[first : first + count]
            held = {}
            if ledger.may_hold(first):
                held = {s: h for s, h in database.items() if first <= s < first + count}
            admitted = ledger.admit(first, hashes, held)
            assert admitted.fork_seq is None
            fresh |= {first + offset: hashes[offset] for offset in admitted.offsets}
        ledger.extend(partial(from_number, dict(database)))
        assert not fresh.keys() & database.keys()
        database |= fresh
        size, stored, peaks = ledger.size, ledger.stored, ledger.frontier.dump()
        assert stored == len(database)
        prefix = next(n for n in range(len(HASHES)) if n not in database)
        assert size == prefix
        assert ledger.frontier.root() == root_of(HASHES[:prefix])
    assert size >= 72
