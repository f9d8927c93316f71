"""What came of the rows of a file, in words: for the screen, and for the column that an error file has besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from handover.adapters.files.cells import text
from handover.adapters.files.columns import Kind, column_of
from handover.adapters.files.outcomes import Does, Outcome
from handover.adapters.files.reading import Document, FileRefused, Row, Sheet
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
    dossier_id: UUID | None
    """The dossier of a client's row, once there is one."""


def told(t: Words, document: Document, outcomes: Sequence[Outcome]) -> list[Told]:
    """Give each row in words."""
    names: dict[str, str] = {}
    for sheet in document.sheets:
        for row in sheet.rows if sheet.kind is Kind.CLIENTS else ():
            # A second row with the same reference is refused: the steps are of the first.
            names.setdefault(text(row.cell(sheet.header, "clientReference")), _name(sheet, row))
    return [_told(t, document.sheets[one.line.sheet], one, names) for one in outcomes]


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


def _name(sheet: Sheet, row: Row) -> str:
    return _cells(sheet, row, "givenName", "familyName")


def _cells(sheet: Sheet, row: Row, *columns: str) -> str:
    return " ".join(filter(None, (text(row.cell(sheet.header, column)) for column in columns)))


def _told(t: Words, sheet: Sheet, one: Outcome, names: Mapping[str, str]) -> Told:
    row = one.line.row
    # What joining brings about beside it tells of what others know: that is seen in the dossier, by who is in it.
    told_steps = () if one.does is Does.JOINS else one.steps
    steps = dict.fromkeys(str(t.event(step, "title", about="")) for step in told_steps if step not in _NOT_A_STEP)
    reference = _cells(sheet, row, "clientReference")
    if sheet.kind is Kind.CLIENTS:
        what = _name(sheet, row) or reference
    else:
        what = ", ".join(filter(None, (_cells(sheet, row, "kind", "stepReference"), names.get(reference, ""))))
    return Told(
        number=row.number,
        sheet=sheet.name or str(t(f"files.{sheet.kind}")),
        what=what,
        about=reference,
        does=one.does,
        said=str(t(f"files.does_{one.does}")),
        more=why(t, sheet.kind, one.why) if one.why else ", ".join(steps),
        dossier_id=one.dossier_id,
    )
