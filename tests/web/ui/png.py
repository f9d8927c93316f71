"""Screenshots made small: a PNG of a screen with the 256 colours that it uses most; others become the nearest."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_HEAD = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR, _WITH_ALPHA, _PALETTE = 2, 6, 3
_MOST = 256


def shrink(path: Path) -> int:
    """Write the picture anew with a palette; give how many bytes it has now. Raises ValueError for another kind."""
    width, height, pixels = _read(path.read_bytes())
    counts = Counter(pixels)
    kept = [colour for colour, _ in counts.most_common(_MOST)]
    place = {colour: number for number, colour in enumerate(kept)}
    for colour in counts:
        if colour not in place:
            place[colour] = min(range(len(kept)), key=lambda number: _apart(kept[number], colour))
    rows = b"".join(
        b"\0" + bytes(place[pixel] for pixel in pixels[first : first + width])
        for first in range(0, width * height, width)
    )
    path.write_bytes(
        _HEAD
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0))
        + _chunk(b"PLTE", b"".join(kept))
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )
    return path.stat().st_size


def _apart(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _read(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Give width, height and the pixels, three bytes each."""
    chunks = list(_chunks(picture))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if picture[:8] != _HEAD or depth != 8 or kind not in {_TRUE_COLOUR, _WITH_ALPHA} or interlaced:
        raise ValueError("no PNG as a browser takes it")
    size = 3 if kind == _TRUE_COLOUR else 4
    raw = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
    stride, before, pixels = width * size, bytearray(width * size), []
    for first in range(0, height * (stride + 1), stride + 1):
        row = bytearray(raw[first + 1 : first + 1 + stride])
        _unfilter(raw[first], row, before, size)
        pixels += [bytes(row[at : at + 3]) for at in range(0, stride, size)]
        before = row
    return width, height, pixels


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_HEAD)
    while at < len(picture):
        size = int.from_bytes(picture[at : at + 4], "big")
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        at += size + 12


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _unfilter(kind: int, row: bytearray, above: bytearray, size: int) -> None:
    """Put back what stands in a row, which a filter wrote as differences (PNG, section 9)."""
    for at in range(len(row) if kind else 0):
        left, up = (row[at - size] if at >= size else 0), above[at]
        corner = above[at - size] if at >= size else 0
        match kind:
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case _:
                guess = min((left, up, corner), key=lambda near: abs(left + up - corner - near))
        row[at] = (row[at] + guess) & 255
