"""Hash a gate's records into a Merkle tree and prove things about it (RFC 9162 §2.1).

Leaf hash = SHA-256(0x00 || leaf bytes), node hash = SHA-256(0x01 || left || right). The personal
part of a record is not in the leaf: the leaf holds only a salted commitment to it, so that erasing
the personal part and its salt (PIPL Art. 47) breaks nothing that others have witnessed.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "SALT_BYTES",
    "Frontier",
    "commitment",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES = 32
SALT_BYTES = 16
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Hash one leaf as received."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def commitment(salt: bytes, personal: bytes) -> bytes:
    """Commit to the personal part: HMAC-SHA256(salt, personal), 32 bytes.

    Without the salt a room number could be guessed from its hash, so the salt is 16 random bytes
    and is erased with the part.
    """
    return hmac.digest(salt, personal, "sha256")


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: appends in O(log n), gives the root at any time."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, hashed_leaf: bytes) -> None:
        """Add one leaf hash."""
        node, rest = hashed_leaf, self.size
        while rest & 1:
            node = _node(self.peaks.pop(), node)
            rest >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root, 32 bytes; for no leaves the hash of the empty string."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _node(peak, root)
        return root

    def copy(self) -> "Frontier":
        """Return an independent copy."""
        return Frontier(self.size, list(self.peaks))

    def dump(self) -> bytes:
        """Return the peaks as one byte string, to be stored beside `size`."""
        return b"".join(self.peaks)

    @classmethod
    def load(cls, size: int, dumped: bytes) -> "Frontier":
        """Rebuild from `size` and what `dump` returned. Raises ValueError if they do not fit."""
        if len(dumped) != HASH_BYTES * size.bit_count():
            raise ValueError("frontier does not fit its size")
        starts = range(0, len(dumped), HASH_BYTES)
        return cls(size, [dumped[start : start + HASH_BYTES] for start in starts])


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over all leaf hashes."""
    frontier = Frontier()
    for hashed in leaf_hashes:
        frontier.append(hashed)
    return frontier.root()


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf `index` (RFC 9162 §2.1.3.1)."""
    size = len(hashes)
    if size <= 1:
        return []
    at = _split(size)
    if index < at:
        return [*inclusion_proof(hashes[:at], index), root_of(hashes[at:])]
    return [*inclusion_proof(hashes[at:], index - at), root_of(hashes[:at])]


def verify_inclusion(
    hashed: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the leaf is in the tree of `size` with `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, node = index, size - 1, hashed
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = _node(sibling, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = _node(node, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and hmac.compare_digest(node, root)


def consistency_proof(hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """Prove that the first `old_size` leaves are unchanged (RFC 9162 §2.1.4.1)."""
    if not 0 < old_size < len(hashes):
        return []
    return _subproof(hashes, old_size, whole=True)


def _subproof(hashes: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(hashes):
        return [] if whole else [root_of(hashes)]
    at = _split(len(hashes))
    if old_size <= at:
        return [*_subproof(hashes[:at], old_size, whole=whole), root_of(hashes[at:])]
    return [*_subproof(hashes[at:], old_size - at, whole=False), root_of(hashes[:at])]


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether the old tree is a prefix of the new one (RFC 9162 §2.1.4.2)."""
    if old_size == size:
        return not proof and hmac.compare_digest(old_root, root)
    if old_size == 0:
        return not proof and hmac.compare_digest(old_root, EMPTY_ROOT)
    if not 0 < old_size < size or not proof:
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    first, last = old_size - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_node, new_node = _node(sibling, old_node), _node(sibling, new_node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_node = _node(new_node, sibling)
        first, last = first >> 1, last >> 1
    same_old = hmac.compare_digest(old_node, old_root)
    return last == 0 and same_old and hmac.compare_digest(new_node, root)
