"""A process of the product that ends at once, as by a power cut, the n-th time it comes to a named step.

`python -m tests.faults.exiting STEP serve|work`. Nothing is tidied up: no answer, no rollback, no log line.
"""

import functools
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from handover.cli.main import app
from handover.delivery import replays
from handover.delivery.lanes import LaneRunner
from handover.delivery.queue import Queue
from handover.record import log
from handover.record.handle import Record
from handover.record.journal import Journal, Outcome

CODE = 77


def _recorded(answers: Any) -> bool:  # noqa: ANN401 - what the wrapped call gives
    return any(answer.outcome is Outcome.RECORDED for answer in answers)


@dataclass(frozen=True, slots=True)
class Step:
    """A place in the product: just before a call, or `after` one whose answer counts.

    `statement`: of all calls, those with this SQL. `again`: what a receiver answered was not settled, so it is sent
    once more; None where a delivery may be on its way beside it.
    """

    command: str
    owner: object
    name: str
    after: Callable[[Any], bool] | None = None
    statement: str = ""
    nth: int = 1
    again: bool | None = False


_EXECUTE = (asyncpg.Connection, "execute")
_QUEUED, _ADDED = replays._KEEP, log._KEEP  # noqa: SLF001 - the last statements of their transactions
STEPS = {
    "append.before": Step("serve", Journal, "_append_all", nth=12),
    "append.committed": Step("serve", Journal, "_append_all", _recorded, nth=12),
    "claim.before": Step("work", Queue, "claim", nth=10, again=None),
    "claim.committed": Step("work", Queue, "claim", bool, nth=3),
    "post.before": Step("work", LaneRunner, "_deliver"),
    "post.answered": Step("work", LaneRunner, "_deliver", bool, nth=3, again=True),
    "acknowledgement.recorded": Step("work", Record, "handle", bool, again=True),
    "settle.before": Step("work", Queue, "settle", nth=2, again=True),
    "settle.committed": Step("work", Queue, "settle", bool, nth=2),
    "replay.queued": Step("work", *_EXECUTE, bool, statement=_QUEUED),
    "replay.committed": Step("work", replays, "advance", bool),
    "sealing.added": Step("work", *_EXECUTE, bool, statement=_ADDED, again=None),
    "sealing.committed": Step("work", log.Log, "_sign", again=None),
    "sealing.signed": Step("work", log.Log, "_sign", bool, again=None),
}
"""In `replay.queued` and `sealing.added` the transaction is still open."""


def arm(step: Step) -> None:
    """Put the end of the process where the step is."""
    call: Callable[..., Awaitable[object]] = getattr(step.owner, step.name)
    reached = 0

    def reach() -> None:
        nonlocal reached
        reached += 1
        if reached == step.nth:
            os._exit(CODE)

    @functools.wraps(call)
    async def ending(*args: object, **named: object) -> object:
        meant = not step.statement or step.statement in args
        if meant and not step.after:
            reach()
        answer = await call(*args, **named)
        if meant and step.after and step.after(answer):
            reach()
        return answer

    setattr(step.owner, step.name, ending)


if __name__ == "__main__":
    arm(STEPS[sys.argv.pop(1)])
    app()
