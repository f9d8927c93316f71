"""The way back: what others did, as notes in the client's file of an outside system."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from handover.adapters.kit.contract import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is to stand in a client's file, as plain text in one language.

    `lines` are (label, text); without a label a sentence. `reference` stands in the note by itself, as it is, so that
    the note is found again: it is how a note is written once. No text of `lines` holds one. `amends`: the reference of
    the note that this one corrects.
    """

    reference: str
    subject: str = field(repr=False)
    lines: tuple[tuple[str, str], ...] = field(repr=False)
    amends: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """A note that stands there: its number, and what it says now, as that system writes it."""

    key: int
    subject: str = field(repr=False)
    body: str = field(repr=False)


class Outbound(Protocol):
    """A conversation with one outside system that takes notes: an async context manager, as `Inbound` is.

    `clients` names the table whose rows are clients in the origins of its plans. Every method raises AdapterError, and
    ends within the `seconds` that it was opened with.
    """

    system: System
    clients: str

    async def __aenter__(self) -> Self:
        """Sign in."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of everything; does not raise."""
        ...

    async def language(self, organisation_id: str, counsellor_id: str) -> str:
        """Give the language in which a counsellor works there (nl, fr, de, en), "" where that is not known."""
        ...

    async def find(self, client: int, references: Collection[str]) -> Mapping[str, Filed]:
        """Give the notes in a client's file that hold one of these references. Raises `Changed` without the client."""
        ...

    async def write(self, client: int, note: Note) -> None:
        """Add a note to a client's file."""
        ...

    async def amend(self, client: int, filed: Filed, note: Note) -> None:
        """Put a note's subject before, and its lines above, what a filed one says; its own text stays readable."""
        ...
