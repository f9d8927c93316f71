"""What a measurement is, and how rounds of ours and of the limit become one figure."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure. `seconds` is for one run under load, `scale` for amounts of data."""

    rounds: int
    seconds: float
    scale: int

    @classmethod
    def short(cls) -> "Plan":
        """Two to three minutes in all."""
        return cls(rounds=3, seconds=4.0, scale=1)

    @classmethod
    def long(cls) -> "Plan":
        """Five rounds of 20 s and four times the data: reckon with half an hour."""
        return cls(rounds=5, seconds=20.0, scale=4)


@dataclass(frozen=True, slots=True)
class Side:
    """One round of one side: the figure itself, and what goes with it (times in milliseconds)."""

    value: float
    more: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure beside its limit or peer. `better` is "higher" or "lower"; `target` is None where there is none."""

    name: str
    unit: str
    ours: float
    beside: str
    limit: float
    better: str = "higher"
    target: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours as a multiple of theirs."""
        return self.ours / self.limit if self.limit else float("nan")

    @property
    def met(self) -> bool | None:
        """Whether the ratio is at least the target, or at most where lower is better."""
        if self.target is None:
            return None
        return self.ratio >= self.target if self.better == "higher" else self.ratio <= self.target


async def alternate(rounds: int, *sides: Callable[[], Awaitable[Side]]) -> list[list[Side]]:
    """Run the sides in turn, round after round, so that a noisy minute hits all of them; one list for each side."""
    found: list[list[Side]] = [[] for _ in sides]
    for _ in range(rounds):
        for number, side in enumerate(sides):
            found[number].append(await side())
    return found


def median(sides: Sequence[Side], name: str = "") -> float:
    """Give the median of the rounds: of the figure, or of something that goes with it."""
    return statistics.median(side.more[name] if name else side.value for side in sides)
