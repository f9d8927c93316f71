"""The tree against a second way to compute it: the recursive definition of RFC 6962, and its published test vectors."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.record import merkle

# RFC 6962's reference leaves, and the roots that Certificate Transparency's own tests give for the first 1..8 of them.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _root(leaves: list[bytes]) -> bytes:
    """The definition, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + _root(leaves[:k]) + _root(leaves[k:])).digest()


def _grown(leaves: list[bytes]) -> tuple[merkle.Frontier, dict[int, bytes]]:
    frontier, nodes = merkle.Frontier(), {}
    for position, one in enumerate(leaves):
        nodes[position] = frontier.append(merkle.leaf_hash(one))
    return frontier, nodes


@pytest.mark.parametrize("count", range(1, 9))
def test_the_vectors_of_certificate_transparency(count: int) -> None:
    assert _grown(LEAVES[:count])[0].root.hex() == ROOTS[count - 1]


def test_an_empty_tree() -> None:
    assert merkle.Frontier().root == merkle.EMPTY == _root([])


@pytest.mark.parametrize("size", range(1, 70))
def test_every_leaf_of_every_small_tree_proves_itself_and_no_other(size: int) -> None:
    leaves = [bytes([n]) for n in range(size)]
    frontier, nodes = _grown(leaves)
    root = frontier.root
    assert root == _root(leaves)
    for position, one in enumerate(leaves):
        path = merkle.proof(merkle.inclusion(position, size), nodes)
        found = merkle.leaf_hash(one)
        assert merkle.includes(root, size, position, found, path)
        assert not merkle.includes(root, size, position, merkle.leaf_hash(b"else"), path)
        assert not merkle.includes(root, size, (position + 1) % (size + 1), found, path)
        assert not merkle.includes(root, size, position, found, [*path, root])
        assert not path or not merkle.includes(root, size, position, found, path[:-1])


@pytest.mark.parametrize("size", range(1, 40))
def test_every_earlier_tree_proves_that_it_grew(size: int) -> None:
    leaves = [bytes([n]) for n in range(size)]
    frontier, nodes = _grown(leaves)
    for first in range(1, size + 1):
        path = merkle.proof(merkle.consistency(first, size), nodes)
        old = _root(leaves[:first])
        assert merkle.grew(first, old, size, frontier.root, path)
        assert not merkle.grew(first, _root([b"else", *leaves[1:first]]), size, frontier.root, path)
        if first < size:
            assert not merkle.grew(first, old, size, _root([*leaves[:-1], b"else"]), path)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=200), st.data())
def test_a_tree_that_is_taken_up_again_grows_on(leaves: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    _, nodes = _grown(leaves[:cut])
    edge = merkle.edge(cut)
    again = merkle.Frontier(cut, [nodes[last][level * 32 : (level + 1) * 32] for level, last in edge])
    for one in leaves[cut:]:
        again.append(merkle.leaf_hash(one))
    assert again.root == _root(leaves)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="tree of that size"):
        merkle.Frontier(3, [bytes(32)])
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion(5, 5)
    for first in (0, 6):
        with pytest.raises(ValueError, match="no earlier"):
            merkle.consistency(first, 5)
