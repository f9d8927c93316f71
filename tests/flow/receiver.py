"""A webhook receiver in a process of its own: checks each signature with the PyPI package `standardwebhooks`.

Prints one JSON line for each request: when it came (CLOCK_MONOTONIC, one clock for all processes of a machine),
whether the signature held, and the event. The secret comes as a line on standard input: `path secret`.
"""

import asyncio
import json
import sys
import time

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """Serves every path that a secret was given for."""

    def __init__(self) -> None:
        self.secrets: dict[str, Webhook] = {}

    async def take(self, request: web.Request) -> web.Response:
        """Take a webhook in and say so."""
        at, body = time.monotonic_ns(), await request.read()
        verifier = self.secrets.get(request.path.strip("/"))
        try:
            if verifier is None:
                return web.Response(status=404)
            verifier.verify(body, dict(request.headers))
        except WebhookVerificationError:
            say({"at": at, "path": request.path, "verified": False})
            return web.Response(status=401)
        say({"at": at, "path": request.path, "verified": True, "event": json.loads(body)})
        return web.Response(status=204)


def say(line: dict[str, object]) -> None:
    """Print a line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Serve until standard input ends."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{path}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    say({"port": runner.addresses[0][1]})
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        path, secret = line.decode().split()
        receiver.secrets[path] = Webhook(secret)
        say({"listening": path})
    await runner.cleanup()


asyncio.run(main())
