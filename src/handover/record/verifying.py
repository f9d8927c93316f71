"""Checking an export without the service, its database or its keys.

What is checked: each dossier's chain over the stored bytes, the tree over all of them against every signed checkpoint,
and, where somebody kept one, against a checkpoint or an export from before. A chain alone cannot show that its end was
cut off; a checkpoint that the other side kept can.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from uuid import UUID

import msgspec

from handover.record import codec, merkle
from handover.record.exporting import FORMAT, End, Erased, Exported, Header, Line, Signed
from handover.record.log import leaf
from handover.record.notes import Checkpoint, NoteError, Verifier


class Verdict(IntEnum):
    """What became of a record, with the exit code of `handover verify`; when several hold, the first of these."""

    TAMPERED = 3
    """Stored bytes, a link, an order or a checkpoint was changed."""
    FORKED = 5
    """The record holds together by itself, and is another than the one that was signed for."""
    TRUNCATED = 4
    """Events that were signed for are not there."""
    KEY_ERASED = 6
    """Nothing was changed; the content of some dossiers can no longer be read, because their key was destroyed."""
    OK = 0


_WORDS = {
    Verdict.TAMPERED: "tampered",
    Verdict.FORKED: "forked",
    Verdict.TRUNCATED: "truncated",
    Verdict.KEY_ERASED: "key-erased",
    Verdict.OK: "ok",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was: where, and what."""

    verdict: Verdict
    said: str
    dossier_id: UUID | None = None
    sequence: int | None = None

    def __str__(self) -> str:
        where = f"dossier {self.dossier_id}: " if self.dossier_id else ""
        where += f"event {self.sequence}: " if self.sequence is not None else ""
        return f"{_WORDS[self.verdict]}: {where}{self.said}"


@dataclass(slots=True)
class Report:
    """What was checked and found."""

    events: int = 0
    dossiers: int = 0
    sealed: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The gravest of the findings."""
        found = {finding.verdict for finding in self.findings}
        return next(verdict for verdict in Verdict if verdict in found or verdict is Verdict.OK)

    @property
    def word(self) -> str:
        """The verdict as a word."""
        return _WORDS[self.verdict]


class NoExportError(ValueError):
    """The file is no export; the message says what is wrong with it."""


_decode = msgspec.json.Decoder(Line).decode


@dataclass(slots=True)
class _Read:
    report: Report
    leaves: dict[int, tuple[bytes, UUID, int]] = field(default_factory=dict)
    """Position in the log: the leaf's hash as the stored link gives it, dossier and sequence."""
    notes: list[str] = field(default_factory=list)
    key: str = ""
    dossier: UUID | None = None
    sequence: int = 0
    head: bytes = codec.GENESIS
    ended: bool = False

    def finding(self, verdict: Verdict, said: str, dossier_id: UUID | None = None, sequence: int | None = None) -> None:
        self.report.findings.append(Finding(verdict, said, dossier_id, sequence))


def verify(
    export: Iterable[bytes],
    *,
    verifier_key: str = "",
    trusted: str = "",
    earlier: Iterable[bytes] | None = None,
) -> Report:
    """Check an export's lines. `verifier_key`: from somewhere else than the export, else its own is believed.

    `trusted` is a checkpoint that somebody kept, `earlier` the lines of an export from before: then events that have
    gone since are named one by one. Raises NoExportError and NoteError for what cannot be read at all.
    """
    read = _read(export)
    if not read.key and not verifier_key:
        raise NoExportError("the export does not begin with its header")
    verifier = Verifier(verifier_key or read.key)
    sizes = _sizes(read, verifier)
    if trusted:
        kept = verifier.opened(trusted)
        sizes.append((kept, "the checkpoint that was kept"))
    _check_tree(read, sizes)
    if earlier is not None:
        _compare(read, _read(earlier))
    return read.report


def _read(export: Iterable[bytes]) -> _Read:
    read = _Read(Report())
    for line in _lines(export):
        if read.ended:
            raise NoExportError("it goes on after its last line")
        match line:
            case Header():
                if line.format != FORMAT:
                    raise NoExportError(f"this program reads {FORMAT}, not {line.format}")
                read.key = line.verifier_key
            case Exported():
                _check_link(read, line)
            case Erased():
                read.finding(Verdict.KEY_ERASED, "its key was destroyed; what was stored is unchanged", line.dossier_id)
            case Signed():
                read.notes.append(line.note)
            case End():
                _check_end(read, line)
    if not read.ended:
        read.finding(Verdict.TRUNCATED, "the export itself breaks off; write it again")
    return read


def _check_end(read: _Read, line: End) -> None:
    read.ended = True
    if line.events != read.report.events:
        said = f"the export says that it holds {line.events} events and holds {read.report.events}"
        read.finding(Verdict.TAMPERED, said)


def _lines(export: Iterable[bytes]) -> Iterator[Line]:
    for number, line in enumerate(export, start=1):
        if not line.strip():
            continue
        try:
            yield _decode(line)
        except msgspec.MsgspecError:
            raise NoExportError(f"line {number} is none of an export") from None


def _check_link(read: _Read, line: Exported) -> None:
    if line.dossier_id != read.dossier:
        if read.dossier and line.dossier_id.bytes < read.dossier.bytes:
            raise NoExportError("its dossiers are not in order")
        read.dossier, read.sequence, read.head = line.dossier_id, 0, codec.GENESIS
        read.report.dossiers += 1
    read.report.events += 1
    where, before = (line.dossier_id, line.sequence), read.sequence
    if line.sequence <= before:
        read.finding(Verdict.TAMPERED, f"it comes after event {before}", *where)
    elif line.sequence > before + 1:
        gone = str(before + 1) if line.sequence == before + 2 else f"{before + 1} to {line.sequence - 1}"
        read.finding(Verdict.TAMPERED, f"event {gone} before it is not there", *where)
    elif codec.link(read.head, line.dossier_id, line.sequence, line.body) != line.link:
        read.finding(Verdict.TAMPERED, "its content or its link was changed", *where)
    read.sequence, read.head = line.sequence, line.link
    if line.position is None:
        return
    if line.position in read.leaves:
        read.finding(Verdict.TAMPERED, f"its place {line.position} in the log is another event's too", *where)
    read.leaves[line.position] = leaf(line.dossier_id, line.sequence, line.link), *where


def _sizes(read: _Read, verifier: Verifier) -> list[tuple[Checkpoint, str]]:
    """Give the checkpoints of the export whose signatures hold."""
    found = []
    for note in read.notes:
        try:
            checkpoint = verifier.opened(note)
        except NoteError as error:
            read.finding(Verdict.TAMPERED, f"a checkpoint of the export: {error}")
            continue
        found.append((checkpoint, "the export's own checkpoint"))
    read.report.checkpoints = len(found)
    return found


def _check_tree(read: _Read, sizes: list[tuple[Checkpoint, str]]) -> None:
    """Grow the tree out of the leaves and compare its root with each checkpoint on the way."""
    frontier, wanted = merkle.Frontier(), sorted(sizes, key=lambda pair: pair[0].size)
    top = max([*read.leaves, *(checkpoint.size - 1 for checkpoint, _ in sizes)], default=-1)
    missing = [position for position in range(top + 1) if position not in read.leaves]
    first_missing = missing[0] if missing else top + 1
    read.report.sealed = len(read.leaves)
    # From the first hole on nothing can be computed; what lies before it still must be as signed.
    for position in range(first_missing):
        _compare_roots(read, frontier, wanted)
        frontier.append(read.leaves[position][0])
    _compare_roots(read, frontier, wanted)
    if missing:
        claims = next((said for checkpoint, said in reversed(wanted) if checkpoint.size > missing[-1]), "the log")
        read.finding(Verdict.TRUNCATED, f"{claims} counts events that are not there: {_ranges(missing)} of the log")


def _compare_roots(read: _Read, frontier: merkle.Frontier, wanted: list[tuple[Checkpoint, str]]) -> None:
    while wanted and wanted[0][0].size == frontier.size:
        checkpoint, said = wanted.pop(0)
        if checkpoint.root != frontier.root:
            read.finding(Verdict.FORKED, f"{said} of size {checkpoint.size} signs for other events than these")


def _ranges(positions: list[int]) -> str:
    found, first = [], positions[0]
    for here, following in zip(positions, [*positions[1:], None], strict=True):
        if following != here + 1:
            found.append(f"place {first}" if first == here else f"places {first} to {here} ({here - first + 1} events)")
            first = following if following is not None else 0
    return ", ".join(found)


def _compare(read: _Read, earlier: _Read) -> None:
    """Name the events that an earlier export holds and this one does not."""
    here = {(dossier, sequence): content for content, dossier, sequence in read.leaves.values()}
    for content, dossier, sequence in earlier.leaves.values():
        found = here.get((dossier, sequence))
        if found is None:
            read.finding(Verdict.TRUNCATED, "it was exported before and is not there now", dossier, sequence)
        elif found != content:
            read.finding(Verdict.FORKED, "it is another event than the one that was exported before", dossier, sequence)
