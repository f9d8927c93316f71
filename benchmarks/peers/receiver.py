"""A webhook receiver that costs little: answers 204 and notes when which message came.

`python -m benchmarks.peers.receiver` prints its port. Each line on standard input is a number: when that many messages
have come since the last answer, it prints them as JSON, `[[webhook-id, nanoseconds since 1970], ...]`, each id once.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Notebook:
    """What came in, and how much of it is waited for."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.wanted = 0

    def note(self, message_id: str) -> None:
        """Note a message; one that comes again keeps its first moment."""
        self.seen.setdefault(message_id, time.time_ns())
        self.tell()

    def tell(self) -> None:
        """Print what came when it is enough."""
        if self.wanted and len(self.seen) >= self.wanted:
            say(json.dumps(list(self.seen.items())))
            self.seen, self.wanted = {}, 0


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in requests, whole ones at a time."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = end + 4 + int(_field(head, b"content-length"))
            if len(self._buffer) < length:
                return
            self._buffer = self._buffer[length:]
            assert self._transport
            self._transport.write(_ANSWER)
            # A lane of ours is told from another by the path: both sides of a dossier hear of the same event.
            self._notebook.note((_field(head, b"webhook-id") + b"@" + head.split(b" ", 2)[1]).decode())


def _field(head: bytes, name: bytes) -> bytes:
    at = head.find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if at >= 0 else b"0"


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def serve() -> None:
    """Serve until standard input ends."""
    loop, notebook = asyncio.get_running_loop(), Notebook()
    server = await loop.create_server(lambda: Connection(notebook), "127.0.0.1", 0)
    say(str(server.sockets[0].getsockname()[1]))
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        notebook.wanted = int(line)
        notebook.tell()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
