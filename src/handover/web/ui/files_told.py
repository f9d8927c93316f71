"""What came of the rows of a file, in words: for the screen, and for the column that an error file has besides."""

from collections.abc import Sequence
from dataclasses import dataclass

from handover.adapters.files.cells import text
from handover.adapters.files.columns import Kind, column_of
from handover.adapters.files.outcomes import Does, Outcome
from handover.adapters.files.reading import Document, FileRefused, Sheet
from handover.adapters.kit.contract import Reject
from handover.web.ui.words import Words

_NOT_A_STEP = frozenset({"dossier.opened", "dossier.inscriptionOpened"})


@dataclass(frozen=True, slots=True)
class Told:
    """One row as a person reads it: which, what it does, and more about that."""

    number: int
    sheet: str
    what: str
    about: str
    does: Does
    said: str
    more: str


def told(t: Words, document: Document, outcomes: Sequence[Outcome]) -> list[Told]:
    """Give each row in words."""
    return [_told(t, document.sheets[one.line.sheet], one) for one in outcomes]


def why(t: Words, kind: Kind, reject: Reject) -> str:
    """Give why a row cannot be placed and what to do, as a sentence."""
    column = column_of(kind, reject.column)
    name = column.title(t.language) if column else ""
    for key in (f"files.why_{reject.code}", f"invalid.{reject.column}", f"refusal.{reject.code}"):
        if reject.code and key in t:
            return str(t(key, column=name) if key.startswith("files.") else t(key))
    return str(t("files.why_other"))


def wrong_with(t: Words, refused: FileRefused) -> str:
    """Give why a file as a whole cannot be used."""
    columns = (column_of(kind, name) for name in refused.names for kind in Kind)
    titles = dict.fromkeys(column.title(t.language) for column in columns if column)
    return str(t(f"files.file_{refused.code}", names=", ".join(titles or refused.names)))


def _told(t: Words, sheet: Sheet, one: Outcome) -> Told:
    row, header = one.line.row, sheet.header

    def said(*columns: str) -> str:
        return " ".join(filter(None, (text(row.cell(header, column)) for column in columns)))

    steps = dict.fromkeys(str(t.event(step, "title", about="")) for step in one.steps if step not in _NOT_A_STEP)
    if sheet.kind is Kind.CLIENTS:
        what, about = said("givenName", "familyName") or said("clientReference"), said("clientReference")
    else:
        what, about = said("kind", "stepReference"), said("clientReference")
    return Told(
        number=row.number,
        sheet=sheet.name or str(t(f"files.{sheet.kind}")),
        what=what,
        about=about,
        does=one.does,
        said=str(t(f"files.does_{one.does}")),
        more=why(t, sheet.kind, one.why) if one.why else ", ".join(steps),
    )
