"""A process of the product in a world of the test's own: names lead where a file says, public addresses to loopback.

`python -m tests.faults.resolving FILE serve|work`. FILE is JSON: `names` gives each name its answers, one a question,
the last one for all later questions; `world` gives the port on this machine that stands for a public address. Each
question is added to FILE with `.asked` behind its name. Only the resolver and the wire are replaced: what the product
makes of an answer is its own.
"""

import asyncio
import json
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

from handover.cli.main import app


def lead(file: Path) -> None:
    """Replace the resolver for those names, and the wire for those addresses."""
    script = json.loads(file.read_text("utf-8"))
    names, world = script["names"], script["world"]
    resolve, questions = socket.getaddrinfo, Counter[str]()

    def answer(host: Any, port: Any, *args: Any, **named: Any) -> list[Any]:  # noqa: ANN401 - getaddrinfo's own
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name not in names:
            return resolve(host, port, *args, **named)
        found = names[name][min(questions[name], len(names[name]) - 1)]
        questions[name] += 1
        with file.with_name(file.name + ".asked").open("a", encoding="utf-8") as asked:
            asked.write(f"{name} {' '.join(found)}\n")
        return [one for address in found for one in resolve(address, port, type=socket.SOCK_STREAM)]

    socket.getaddrinfo = answer
    connect = asyncio.SelectorEventLoop.sock_connect

    async def led(loop: Any, sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - asyncio's own
        there = world.get(str(address[0]))
        await connect(loop, sock, ("127.0.0.1", there) if there else address)

    # uvloop asks the C library by itself, past anything that can be replaced here.
    uvloop.new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]
    asyncio.SelectorEventLoop.sock_connect = led  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    lead(Path(sys.argv.pop(1)))
    app()
