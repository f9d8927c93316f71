"""A file as the kit sees it: where it lies, and what should be so in the dossiers."""

import asyncio
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from handover.adapters.files.inbound import Frame, plan_of
from handover.adapters.files.reading import Document, FileRefused, Limits, read_document
from handover.adapters.files.system import FILES
from handover.adapters.kit.adapter import AdapterError, Away, Changed, Denied
from handover.adapters.kit.contract import System
from handover.adapters.kit.plan import Plan

OF_OPERATORS = Limits(bytes=50_000_000, rows=100_000, unpacked=500_000_000)
"""What is taken from who runs the service."""
_SAYS = {
    "tooLarge": "The file is too large. Divide it.",
    "empty": "There is nothing in the file.",
    "locked": "The file is locked with a password, or of an Excel of before 2007. Save it as .xlsx without a password.",
    "notAWorkbook": "This is no workbook that we can read. Save it anew as .xlsx or .csv.",
    "notAFile": "This is neither CSV nor a workbook. Save it anew as .xlsx or .csv.",
    "noHeader": "There are no titles that we know. Take those of the template.",
    "twoAlike": "Two sheets hold the same kind of rows. Put them together, or bring them in one after the other.",
    "missingColumns": "Columns are missing: {names}.",
    "doubledColumns": "Columns stand there twice: {names}.",
    "tooManyRows": "There are too many rows; at most {names}. Divide the file.",
    "tooManyColumns": "There are too many columns; at most {names}.",
    "longCell": "A cell is too long, in row {names}.",
}
_DENIED = {"locked"}


class FileAt(Struct, frozen=True):
    """Where a file lies that is read again whenever it may have changed."""

    path: str


def said(refused: FileRefused) -> str:
    """Give the sentence for who runs the service."""
    return _SAYS[refused.code].format(names=", ".join(refused.names))


def trouble(refused: FileRefused) -> AdapterError:
    """Give the error that a file which cannot be used is."""
    return (Denied if refused.code in _DENIED else Changed)(said(refused))


def read_file(path: Path, limits: Limits = OF_OPERATORS) -> Document:
    """Read a file that lies on this machine. Raises AdapterError."""
    try:
        with path.open("rb") as file:
            content = file.read(limits.bytes + 1)
    except PermissionError:
        raise Denied("The file may not be read. Give this account the right to.") from None
    except OSError:
        raise Away("There is no such file, or it cannot be read now. Look whether it is there.") from None
    try:
        return read_document(content, limits)
    except FileRefused as refused:
        raise trouble(refused) from None


class FilesAdapter:
    """Reads one file, again and again."""

    system: System = FILES

    def __init__(self, at: FileAt) -> None:
        self._path = Path(at.path)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        """Read the file; see `Inbound.plan`."""
        document = await asyncio.to_thread(read_file, self._path)
        frame = Frame(organisation_id=organisation_id, now=now, allow_test_range=allow_test_range)
        return plan_of(document, frame).plan
