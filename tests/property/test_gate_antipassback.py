"""C06: the modes of the UT0311 boards, against a model that knows the last side of each group."""

import random

import pytest

from edge.domain.antipassback import Fit, Positions, judge, moved

# Mode -> groups of (doors on one side, doors on the other side).
MODES = {
    "(1:2)(3:4)": ((frozenset({1}), frozenset({2})), (frozenset({3}), frozenset({4}))),
    "(1,3):(2,4)": ((frozenset({1, 3}), frozenset({2, 4})),),
    "1:(2,3)": ((frozenset({1}), frozenset({2, 3})),),
    "1:(2,3,4)": ((frozenset({1}), frozenset({2, 3, 4})),),
}
SEQUENCES = 2_500
"""For each of four modes, so 10,000 together."""


def zones(mode: str, door: int) -> tuple[str, str]:
    for number, (inward, outward) in enumerate(MODES[mode]):
        if door in inward:
            return "", f"zone-{number}"
        if door in outward:
            return f"zone-{number}", ""
    return "", ""


class Board:
    """The reference: the same side of a group twice in a row is refused."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.last: dict[tuple[str, int], int] = {}

    def swipe(self, card: str, door: int) -> bool:
        for number, sides in enumerate(MODES[self.mode]):
            for side, doors in enumerate(sides):
                if door in doors:
                    if self.last.get((card, number)) == side:
                        return False
                    self.last[card, number] = side
        return True


@pytest.mark.parametrize("mode", MODES)
def test_C06_random_swipes_equal_the_reference(mode: str) -> None:
    chance = random.Random(mode)
    for _ in range(SEQUENCES):
        board = Board(mode)
        positions: dict[str, Positions] = dict.fromkeys("ABC", ())
        for at_ms in range(1, chance.randint(2, 20)):
            card, door = chance.choice("ABC"), chance.randint(1, 4)
            zone_from, zone_to = zones(mode, door)
            known = positions[card]
            allowed = judge(known, zone_from, zone_to, 0) is not Fit.MISFIT
            assert allowed is board.swipe(card, door)
            if allowed:
                positions[card] = moved(known, zone_from, zone_to, at_ms)
