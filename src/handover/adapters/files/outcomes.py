"""Row by row, what a file did or would do: the report of an import, told in the rows that people know."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from handover.adapters.files.inbound import Line, Reading
from handover.adapters.kit.contract import Reject, Report


class Does(StrEnum):
    """What came, or would come, of a row."""

    OPENS = "opens"
    JOINS = "joins"
    ADDS = "adds"
    NOTHING = "nothing"
    """It was so already."""
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row; `steps` are the event types recorded for it. A row that fails may have got some of its steps in."""

    line: Line
    does: Does
    steps: tuple[str, ...]
    why: Reject | None
    dossier_id: UUID | None = None
    """The dossier of a client's row that was placed."""


def outcomes_of(reading: Reading, report: Report) -> list[Outcome]:
    """Give what came of each row, in the order of the file."""
    why: dict[tuple[str, int], Reject] = {}
    for reject in report.rejects:
        why.setdefault((reject.source, reject.key), reject)
    found = []
    for line in reading.lines:
        place = (line.origin.table, line.origin.key)
        steps, wrong = tuple(report.steps.get(place, ())), why.get(place)
        found.append(Outcome(line, _does(steps, wrong), steps, wrong, report.dossiers.get(place)))
    return found


def counted(outcomes: Sequence[Outcome]) -> Counter[Does]:
    """Count what rows do."""
    return Counter(outcome.does for outcome in outcomes)


def failed(reading: Reading, outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Give the rows that failed, sheet by sheet."""
    return [
        [one for one in outcomes if one.does is Does.FAILS and one.line.sheet == index]
        for index in range(len(reading.document.sheets))
    ]


def _does(steps: tuple[str, ...], wrong: Reject | None) -> Does:
    if wrong is not None:
        return Does.FAILS
    if "dossier.opened" in steps:
        return Does.OPENS
    if "dossier.inscriptionOpened" in steps:
        return Does.JOINS
    return Does.ADDS if steps else Does.NOTHING
