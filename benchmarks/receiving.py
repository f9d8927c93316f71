"""The receiver in its own process, and what its notes tell."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from benchmarks.figures import Side
from benchmarks.load import quantile
from benchmarks.stage import HOST, process

_PATIENCE_SECONDS = 180.0
_UUID_LENGTH = 36
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Receiver:
    """A running receiver."""

    child: asyncio.subprocess.Process
    port: int

    def url(self, path: str) -> str:
        """Give an address at which it takes messages."""
        return f"http://{HOST}:{self.port}/{path}"

    def expect(self, count: int) -> None:
        """Ask for its notes as soon as it has had that many messages."""
        assert self.child.stdin
        self.child.stdin.write(f"{count}\n".encode())

    async def notes(self) -> list[tuple[str, int]]:
        """Give `(webhook-id@path, nanoseconds since 1970)` for what came, in order; it must have been asked for."""
        assert self.child.stdout
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return [(name, at) for name, at in json.loads(await self.child.stdout.readline())]


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Run one as long as the block lasts."""
    async with process("-m", "benchmarks.peers.receiver") as child:
        assert child.stdout
        yield Receiver(child, int(await child.stdout.readline()))


def drained(notes: list[tuple[str, int]]) -> Side:
    """Give how many came per second, from the first to the last."""
    lasted = (notes[-1][1] - notes[0][1]) / 1e9
    return Side((len(notes) - 1) / lasted)


def delays(notes: list[tuple[str, int]]) -> Side:
    """Give the p99 and p50 in milliseconds, from the moment in each UUIDv7 message id to its arrival."""
    events = [(name.partition("@")[0], at) for name, at in notes]
    # Checkpoints come along now and then; their ids are no moments.
    times = sorted((at - _made(UUID(name))) / _NS_PER_MS for name, at in events if len(name) == _UUID_LENGTH)
    assert len(times) > len(notes) / 2, "hardly anything that came was an event"
    return Side(quantile(times, 0.99), {"p50": quantile(times, 0.5)})


def _made(message_id: UUID) -> int:
    """Nanoseconds since 1970: 48 bits of milliseconds and 12 bits of their fraction, as platform.ids makes them."""
    fraction = (message_id.int >> 64) & 0xFFF
    return (message_id.int >> 80) * _NS_PER_MS + (fraction * _NS_PER_MS >> 12)
