"""Provoking faults, proving that they happened, and writing down what came of each.

With FAULTS_DISARMED set, nothing is provoked: then every test must fail, or it proves nothing (`make faults-disarmed`).
"""

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

DISARMED = bool(os.environ.get("FAULTS_DISARMED"))
LONG = bool(os.environ.get("FAULTS_LONG"))
"""Run the long forms (`make faults ARGS=--long`): the same tests with the durations that the scorecard names."""


@dataclass
class Row:
    """One line of docs/reliability.md."""

    line: int
    fault: str
    how: str
    tried: int = 0
    lost: int = 0
    duplicates: int = 0
    recovery: float | None = None
    """Seconds until everything was well again."""
    note: str = ""
    provoked: int = field(default=0)

    def provoke(self, action: Callable[[], object]) -> object:
        """Do the harm, and count it; nothing when disarmed."""
        if DISARMED:
            return None
        self.provoked += 1
        return action()

    async def provoking(self, action: Callable[[], Awaitable[object]]) -> object:
        """Do the harm, and count it; nothing when disarmed."""
        if DISARMED:
            return None
        self.provoked += 1
        return await action()

    def happened(self, proof: object, what: str) -> None:
        """Fail unless the fault is proven to have happened. `proof` comes from outside `provoke`: from the effect."""
        assert proof, f"the fault did not happen: {what}"

    def keep(self) -> None:
        """Write the row down where the report is asked for."""
        place = os.environ.get("FAULTS_RESULTS")
        if place:
            with Path(place).open("a", encoding="utf-8") as results:
                results.write(json.dumps(asdict(self)) + "\n")
