"""A contact that bounces, chatters or lies still: what counts is what it ends at."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.adapters.debounce import DEBOUNCE_MS, UNREST_MS, Debounce

Edges = list[tuple[int, bool]]
edges = st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=40)


def play(counted: Debounce, given_edges: Edges) -> list[tuple[int, bool]]:
    """Feed edges (gap in ms, level) and look when due, as the adapter does; return what changed."""
    changes, now_ms, level = [], 1_000, counted.level
    for gap_ms, next_level in [*given_edges, (10_000, None)]:
        end_ms = now_ms + gap_ms
        while counted.due_ms is not None and counted.due_ms <= end_ms:
            now_ms = max(now_ms, counted.due_ms)
            if counted.settle(is_active=level, now_ms=now_ms):
                changes.append((now_ms, counted.level))
        now_ms = end_ms
        if next_level is not None:
            level = next_level
            counted.edge(is_active=level, mono_ms=now_ms)
    return changes


@given(st.booleans(), edges)
def test_in_the_end_the_level_is_the_one_that_the_line_has(start: bool, given_edges: Edges) -> None:
    counted = Debounce(level=start)
    play(counted, given_edges)
    assert counted.level == (given_edges[-1][1] if given_edges else start)
    assert counted.due_ms is None


@given(st.booleans(), edges)
def test_changes_alternate(start: bool, given_edges: Edges) -> None:
    levels = [start, *(level for _, level in play(Debounce(level=start), given_edges))]
    assert all(a != b for a, b in itertools.pairwise(levels))


@given(st.booleans(), st.lists(st.integers(1, DEBOUNCE_MS - 1), min_size=1, max_size=8))
def test_bounces_shorter_than_the_time_are_one_change(start: bool, gaps: list[int]) -> None:
    bounces = [(gap, (not start) if at % 2 == 0 else start) for at, gap in enumerate(gaps)]
    if bounces[-1][1] == start:
        bounces.append((1, not start))
    if sum(gap for gap, _ in bounces) < UNREST_MS:
        assert len(play(Debounce(level=start), bounces)) == 1


def test_a_chattering_line_is_read_after_half_a_second() -> None:
    counted, reported = Debounce(level=False), []
    for now_ms in range(0, 1_200, 20):
        counted.edge(is_active=True, mono_ms=now_ms)
        if counted.due_ms is not None and counted.due_ms <= now_ms + 19:
            reported.append((now_ms, counted.settle(is_active=True, now_ms=now_ms + 19)))
    assert any(changed for _, changed in reported)


def test_a_lost_edge_is_found_by_the_level() -> None:
    counted = Debounce(level=False)
    assert not counted.settle(is_active=True, now_ms=0)
    assert counted.due_ms == DEBOUNCE_MS
    assert counted.settle(is_active=True, now_ms=DEBOUNCE_MS)
