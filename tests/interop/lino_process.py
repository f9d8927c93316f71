"""A real Lino Welfare in a process of its own, with its demonstration data, that can be stopped and started again."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
USERNAME, PASSWORD = "robin", "1234"
"""An account of Lino's demonstration data with the rights of an administrator."""
_MINUTES = 15


class LinoProcess:
    """Lino at one address on loopback, whether it runs or not."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it, and wait until it answers: the first time it is installed and filled."""
        self._home.mkdir(parents=True, exist_ok=True)
        script = Path(__file__).with_name("lino.sh")
        with (self._home / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(script), str(self._home), str(self._port), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _MINUTES * 60
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(self.url)).is_success:
                        return
                if self._process.returncode is not None or time.monotonic() > deadline:
                    message = f"Lino did not start; see {self._home / 'server.log'}"
                    raise RuntimeError(message)
                await asyncio.sleep(0.5)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, in the middle of whatever it does."""
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, how)
            await self._process.wait()


def home() -> Path:
    """Where Lino is installed: HANDOVER_LINO_DIR, else under var/."""
    return Path(os.environ.get("HANDOVER_LINO_DIR", ROOT / "var" / "lino"))


@contextlib.asynccontextmanager
async def lino() -> AsyncIterator[LinoProcess]:
    """Give a Lino that runs; it is ended afterwards."""
    process = LinoProcess(home())
    try:
        await process.start()
        yield process
    finally:
        await process.stop()
