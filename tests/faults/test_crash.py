"""Lines 1 to 13: processes, the database and the disk fail."""

import asyncio
import signal
import time
from functools import partial

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, House
from tests.faults.receiver import Receiver


async def test_01_api_killed_under_load(home: House, receiver: Receiver, scorecard: Scorecard) -> None:
    row = scorecard(1, "API killed under load", "SIGKILL to the API with 16 writers at work, three times")
    first, second = await home.api(), await home.api()
    await home.worker()
    async with loading(home, first.url, second.url) as load:
        await subscribe(load, receiver)
        await load.open(20)
        codes = []
        for _ in range(3):
            running = asyncio.create_task(load.run(150, writers=16))
            await asyncio.sleep(0.4)
            row.provoke(partial(first.send, signal.SIGKILL))
            codes.append(await first.ended(5))
            await running
            started = time.monotonic()
            port = int(first.url.rpartition(":")[2])
            first = await home.api(port=port)
            row.recovery = max(row.recovery or 0, time.monotonic() - started)
        row.happened(codes == [-signal.SIGKILL] * 3, f"the API ended with {codes}")
        row.happened(load.problems, "no request was cut off")
        surplus = await load.settle()
        await home.delivered()
        found = await audit(home, load, receiver.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
        row.note = (
            f"{sum(load.problems.values())} requests cut off; {surplus} of them had been stored, found by their key"
        )
