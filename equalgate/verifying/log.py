"""Rebuild a gate's tree from the leaves in a bundle and hold it against the witnessed checkpoints.

A log in a bundle starts at record `first` with the peaks of the tree before it. False peaks are
found by the first checkpoint at or after them, because its root follows from peaks and leaves.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from equalgate.verifying.base import BrokenError, LogSummary
from equalgate.verifying.cbor import CborValue, read_cbor
from equalgate.verifying.signed import SignedHead
from mqtt.contract.bundle import LEAF_FRAME_BYTES
from mqtt.contract.parity import ParityTally

__all__ = ["Tree", "check_leaf", "count_leaf", "read_leaves", "rebuild", "tree_root"]

_BLOCK = 1_024
_MAX_LEAF = 2_048
_LEAF_FIELDS = 19
_TYPES = (int, str, str, int, int, str, str, str, str, str)
_NUMBERS = slice(10, 15)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves (RFC 9162 §2.1)."""
    tree = Tree(0, ())
    tree.extend([sha256(b"\x00" + leaf).digest() for leaf in leaves])
    return tree.root()


class Tree:
    """The right edge of a tree: `size` leaves and one peak per bit of it, the largest first.

    Raises BrokenError if peaks and size do not fit.
    """

    def __init__(self, size: int, peaks: Sequence[bytes]) -> None:
        if len(peaks) != size.bit_count() or any(len(peak) != 32 for peak in peaks):
            raise BrokenError("the start of a log does not fit its number")
        self.size = size
        self._peaks = list(peaks)

    def extend(self, hashes: list[bytes]) -> None:
        """Append leaf hashes, whole aligned subtrees at once."""
        at = 0
        while at < len(hashes):
            left = len(hashes) - at
            aligned = self.size & -self.size or 1 << 40
            count = min(aligned, 1 << left.bit_length() - 1)
            self._push(_fold(hashes[at : at + count]), count)
            at += count

    def _push(self, node: bytes, count: int) -> None:
        rest = self.size // count
        while rest & 1:
            node = sha256(b"\x01" + self._peaks.pop() + node).digest()
            rest >>= 1
        self._peaks.append(node)
        self.size += count

    def root(self) -> bytes:
        """Return the root; for no leaves the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + peak + node).digest()
        return node


def _fold(level: list[bytes]) -> bytes:
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]


def read_leaves(blocks: Iterable[bytes], most_bytes: int = _MAX_LEAF) -> Iterator[bytes]:
    """Yield the leaves of a member. Raises BrokenError for a bad length."""
    rest = b""
    for block in blocks:
        data = rest + block
        at, end = 0, len(data)
        while at + LEAF_FRAME_BYTES <= end:
            size = data[at] << 8 | data[at + 1]
            stop = at + LEAF_FRAME_BYTES + size
            if size > most_bytes:
                raise BrokenError("a record is too long")
            if stop > end:
                break
            yield data[at + LEAF_FRAME_BYTES : stop]
            at = stop
        rest = data[at:]
    if rest:
        raise BrokenError("the last record is cut")


def rebuild(
    leaves: Iterable[bytes], summary: LogSummary, tree: Tree, heads: Sequence[SignedHead]
) -> Iterator[bytes]:
    """Yield the leaves while the tree grows; raise BrokenError at the first root that differs.

    `heads` come in rising order of size; those below the start are not judged.
    """
    ahead = [head for head in heads if head.size >= summary.first]
    wanted = ahead.pop(0) if ahead else None
    waiting: list[bytes] = []
    for leaf in leaves:
        while wanted is not None and tree.size + len(waiting) == wanted.size:
            _settle(tree, waiting, wanted, summary)
            wanted = ahead.pop(0) if ahead else None
        waiting.append(sha256(b"\x00" + leaf).digest())
        if len(waiting) >= _BLOCK:
            tree.extend(waiting)
            waiting.clear()
        yield leaf
    while wanted is not None and tree.size + len(waiting) == wanted.size:
        _settle(tree, waiting, wanted, summary)
        wanted = ahead.pop(0) if ahead else None
    tree.extend(waiting)


def _settle(tree: Tree, waiting: list[bytes], head: SignedHead, summary: LogSummary) -> None:
    tree.extend(waiting)
    waiting.clear()
    if tree.root() != head.root:
        low = max(summary.first, summary.witnessed)
        summary.first_bad = low
        raise BrokenError(f"a record between {low} and {head.size - 1} is not what was witnessed")
    summary.checkpoints += 1
    summary.witnessed, summary.witnessed_at_s = head.size, head.at_s


def check_leaf(leaf: bytes, site: str, summary: LogSummary, seq: int) -> list[CborValue]:
    """Return the fields of a leaf. Raises BrokenError unless it has its form and its place."""
    fields = read_cbor(leaf)
    if not isinstance(fields, list) or len(fields) != _LEAF_FIELDS or fields[0] != 1:
        raise BrokenError(f"record {seq} has the wrong form")
    if fields[1:5] != [site, summary.gate, summary.epoch, seq]:
        raise BrokenError(f"record {seq} belongs to another place")
    typed = all(type(value) is kind for value, kind in zip(fields, _TYPES, strict=False))
    numbers = all(type(value) is int for value in (*fields[_NUMBERS], fields[17]))
    texts = isinstance(fields[15], str) and fields[16] in {"real", "simulated"}
    if not typed or not numbers or not texts or not isinstance(fields[18], bytes):
        raise BrokenError(f"record {seq} has the wrong form")
    return fields


def count_leaf(fields: list[CborValue], summary: LogSummary, tally: ParityTally) -> None:
    """Count what a leaf tells for the summary and for the comparison of the ways in."""
    summary.simulated += fields[16] == "simulated"
    summary.erased += fields[5] == "erasure"
    try:
        tally.add_leaf(fields)
    except ValueError as error:
        raise BrokenError("a record has an impossible time or place") from error
