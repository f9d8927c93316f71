"""An import from an outside system through the real inbound door, in a process of its own, to be ended midway.

`python -m tests.faults.importing import CLIENTS SEED`. The batch is always the same; the seed gives its order.
"""

import asyncio
import dataclasses
import random
import sys

from handover.adapters.kit.plan import Plan
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.system import LINO
from handover.platform.settings import load
from handover.wiring import Services, bringing, services
from tests.adapters.lino.centre import BARE, NOW, appointment, art60, client, coaching, isip
from tests.faults.house import OCMW


def batch(clients: int, seed: int) -> LinoSnapshot:
    """Give so many clients with a coaching, two contracts and an appointment each, in the order of the seed."""
    order = list(range(1, clients + 1))
    random.Random(seed).shuffle(order)  # noqa: S311 - a reproducible order, no secret
    made = [(client(n), coaching(n, n), isip(n, n), art60(n, n), appointment(n, n)) for n in order]
    names = ("clients", "coachings", "isip", "art60", "appointments")
    columns = dict(zip(names, (tuple(column) for column in zip(*made, strict=True)), strict=True))
    return dataclasses.replace(BARE, **columns)  # type: ignore[arg-type]


def planned(clients: int, seed: int = 0) -> Plan:
    """Give what the batch wants to be so."""
    return plan_of(batch(clients, seed), OCMW, now=NOW, allow_test_range=True)


async def bring(ready: Services, plan: Plan, *, rehearsal: bool = False) -> int:
    """Bring it about, or say what that would be: the number of events."""
    organisation = ready.directory().organisations[OCMW]
    report = await bringing(ready).run(plan, LINO, organisation, "demo-protocol", rehearsal=rehearsal)
    assert not report.rejects, report.rejects_by_reason()
    return report.recorded


async def main(clients: int, seed: int) -> None:
    """Import the batch in that order, and say how many events were recorded."""
    async with services(load(), pool_size=2, name="handover-import") as ready:
        sys.stdout.write(f"{await bring(ready, planned(clients, seed))} recorded\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[2]), int(sys.argv[3])))
