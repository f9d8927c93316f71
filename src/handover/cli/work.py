"""`handover work`: deliveries, the inbox projection, the passing of time, and checkpoints of the log."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer
from prometheus_client import start_http_server

from handover.cli.running import calm_collector, run, settings
from handover.platform.settings import PREFIX, Settings, SettingsError
from handover.wiring import worker_services


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def work() -> None:
        """Deliver webhooks, project the inbox and climb the ladder, until told to stop. Several may run at once."""
        raise typer.Exit(run(working(settings())))


@asynccontextmanager
async def _figures(found: Settings) -> AsyncIterator[None]:
    """Give this worker's figures to who asks; those of `GET /metrics` are the API's."""
    if not found.worker_metrics_port:
        yield
        return
    try:
        server, thread = start_http_server(found.worker_metrics_port, addr=found.host)
    except OSError as error:
        name = f"{PREFIX}WORKER_METRICS_PORT"
        raise SettingsError([f"{name}: port {found.worker_metrics_port} cannot be had ({error.strerror})."]) from error
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


async def working(found: Settings) -> int:
    """Work until SIGTERM or SIGINT; deliveries under way are finished and settled first."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with worker_services(found) as (worker, projector, scheduler, checkpoints), _figures(found):
        calm_collector()
        beside = [asyncio.create_task(part.run()) for part in (projector, scheduler, checkpoints)]
        tasks = [asyncio.create_task(worker.run()), *beside]
        stop = asyncio.create_task(stopping.wait())
        done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        await worker.stop()
        for task in beside:
            task.cancel()
        stop.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        failed = next((r for r in results if isinstance(r, Exception)), None)
        if failed is not None:
            raise failed
        return 0 if stop in done else 1
