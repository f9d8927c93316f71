"""`handover serve`: the API and the inbox."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator

import typer
import uvicorn

from handover.cli.running import calm_collector, run, settings
from handover.platform.settings import Settings
from handover.web.app import create_app
from handover.web.bounded import BoundedHttp
from handover.wiring import api_services


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve() -> None:
        """Serve the API and the inbox (HANDOVER_HOST, HANDOVER_PORT)."""
        raise typer.Exit(run(serving(settings())))


async def serving(found: Settings) -> int:
    """Serve until told to stop; requests under way are finished first."""
    async with api_services(found) as services:
        config = uvicorn.Config(
            create_app(services),
            host=found.host,
            port=found.port,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=10,
            lifespan="off",
            loop="none",
            http=BoundedHttp,
        )
        calm_collector()
        server = Server(config, services.end_streams)
        await server.serve()
        return 0 if server.started else 1


class Server(uvicorn.Server):
    """Stops on SIGTERM and SIGINT, and then lets us close what we opened.

    uvicorn's own handling raises the signal again once it has stopped: the process would end before the
    database connections, and an embedded database, are closed.
    """

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way; streams have no end of their own and would be waited for in vain."""
        await self._end_streams()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal; a second one does not wait for requests under way."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
