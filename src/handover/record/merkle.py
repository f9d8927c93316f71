"""A Merkle tree that only grows (RFC 6962, section 2.1): one hash stands for everything that was recorded.

A tree is written down by the leaves alone: with each leaf go the hashes of the complete subtrees that it completes,
one on average, so that nothing written is ever changed and any hash is one lookup away.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Give the hash of a leaf; its prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of two subtrees beside each other."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, largest first. Enough to grow it."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError("so many complete subtrees do not make a tree of that size")

    def append(self, leaf: bytes) -> bytes:
        """Add a leaf's hash; give it with the hashes of the subtrees that it completes, smallest first."""
        nodes, size = [leaf], self.size
        while size & 1:
            nodes.append(node_hash(self._roots.pop(), nodes[-1]))
            size >>= 1
        self._roots.append(nodes[-1])
        self.size += 1
        return b"".join(nodes)

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        return _folded(self._roots)


def edge(size: int) -> list[tuple[int, int]]:
    """Give the complete subtrees that a tree consists of, largest first: (level, position of the last leaf)."""
    return _complete(0, size)


def inclusion(position: int, size: int) -> list[tuple[int, int]]:
    """Give the ranges of leaves whose hashes prove that a leaf is in a tree, from the leaf upwards."""
    if not 0 <= position < size:
        raise ValueError("no leaf of that tree")
    ranges: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if position < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def consistency(first: int, size: int) -> list[tuple[int, int]]:
    """Give the ranges of leaves whose hashes prove that a tree grew out of its first `first` leaves."""
    if not 0 < first <= size:
        raise ValueError("no earlier state of that tree")
    ranges: list[tuple[int, int]] = []
    low, high, whole = 0, size, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low, whole = middle, False
    return [*([] if whole else [(low, high)]), *ranges[::-1]]


def lookups(ranges: Iterable[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Give for each range the complete subtrees that it consists of, as `edge` does."""
    return [_complete(low, high) for low, high in ranges]


def proof(ranges: Sequence[tuple[int, int]], nodes: Mapping[int, bytes]) -> list[bytes]:
    """Give the hash of each range. `nodes`: what `Frontier.append` gave for the leaves that `lookups` names."""
    return [
        _folded([nodes[last][level * HASH_BYTES : (level + 1) * HASH_BYTES] for level, last in subtrees])
        for subtrees in lookups(ranges)
    ]


def includes(root: bytes, size: int, position: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a leaf's hash is at that position of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    index, last, found = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def grew(first: int, first_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a tree is an earlier one with leaves added (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= size:
        return False
    if first == size:
        return not path and first_root == root
    hashes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not hashes:
        return False
    index, last = first - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and old == first_root and new == root


def _split(count: int) -> int:
    """Give the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _complete(low: int, high: int) -> list[tuple[int, int]]:
    found = []
    while low < high:
        level = (high - low).bit_length() - 1
        low += 1 << level
        found.append((level, low - 1))
    return found


def _folded(roots: Sequence[bytes]) -> bytes:
    if not roots:
        return EMPTY
    found = roots[-1]
    for left in reversed(roots[:-1]):
        found = node_hash(left, found)
    return found
