"""What commands share: run an async body with settings loaded and the log set up."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import uvloop

from handover.platform import log
from handover.platform.settings import Settings, load


def settings() -> Settings:
    """Give the checked settings, with the log configured by them."""
    found = load()
    log.configure(found.log_level)
    return found


def run(body: Coroutine[Any, Any, int | None]) -> int:
    """Run to the end and give the exit code."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(body) or 0


def calm_collector() -> None:
    """Keep full collections away from requests: what lives now lives on, so it is not searched again."""
    gc.collect()
    gc.freeze()
    # Pages leave circles behind, so what is young is searched often: of 100,000 objects that took 0.2 s at once.
    gc.set_threshold(10_000, 50, 1000)
