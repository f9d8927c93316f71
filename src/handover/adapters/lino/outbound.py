"""Notes in a client's file of Lino: what others did, once each, where the social worker looks.

Source: what Lino Welfare 26.7 answers to its own screens (`submit_insert`, `submit_detail` of `notes/NotesByProject`).
"""

import re
import time
from collections.abc import Collection, Mapping
from html import escape
from typing import Final

import msgspec

from handover.adapters.kit.adapter import Changed
from handover.adapters.kit.filing import Filed, Note
from handover.adapters.lino.adapter import LinoAccount, LinoConversation
from handover.adapters.lino.frame import counsellor_id_of, line
from handover.adapters.lino.session import Limits

_NOTES: Final = "notes/NotesByProject"
_USERS: Final = "users/AllUsers"
_FORGET_SECONDS: Final = 600.0
_OWN_TEXT: Final = re.compile(r">\s*(handover/[\w-]+)\s*<")
_RULE: Final = "<p>* * *</p>"
"""Between what is said now and what was said: Lino takes out a rule of HTML."""
SECONDS: Final = 12.0
"""How long Lino may take for one answer: an attempt has 15 s in all, and is made again."""


class _Saved(msgspec.Struct):
    id: int | None = None
    project: int | None = msgspec.field(name="projectHidden", default=None)


class _Record(msgspec.Struct):
    data: _Saved = msgspec.field(default_factory=_Saved)


class _Answer(msgspec.Struct):
    success: bool = True
    data_record: _Record = msgspec.field(default_factory=_Record)


class LinoNotes(LinoConversation):
    """Writes into one Lino."""

    clients = "pcsw/AllClients"

    def __init__(self, account: LinoAccount, *, limits: Limits | None = None) -> None:
        super().__init__(account, limits or Limits(seconds=SECONDS))
        self._languages: dict[str, str] | None = None
        self._learned = time.monotonic()

    async def language(self, organisation_id: str, counsellor_id: str) -> str:
        """Give the language of a user of Lino; see `Outbound.language`."""
        if self._languages is None:
            users = await self._client.rows(_USERS, ("username", "languageHidden"))
            self._languages = {
                counsellor_id_of(organisation_id, str(user.cells["username"]), user.key): language
                for user in users
                if isinstance(language := user.cells["languageHidden"], str)
            }
        return self._languages.get(counsellor_id, "")

    async def find(self, client: int, references: Collection[str]) -> Mapping[str, Filed]:
        """Read a client's notes; see `Outbound.find`."""
        if time.monotonic() - self._learned > _FORGET_SECONDS:
            # An update may have moved columns under a session that goes on, and a note would not be found.
            self._client.forget_layouts()
            self._languages, self._learned = None, time.monotonic()
        found: dict[str, Filed] = {}
        for row in await self._client.rows(_NOTES, ("subject", "body"), of_client=client):
            subject, body = row.cells["subject"], row.cells["body"]
            # A text of its own, as we write it: a sentence that speaks of another note is not that note.
            held = set(_OWN_TEXT.findall(body)) if isinstance(body, str) else set()
            for reference in references:
                if reference in held and isinstance(body, str):
                    found.setdefault(reference, Filed(row.key, subject if isinstance(subject, str) else "", body))
        return found

    async def write(self, client: int, note: Note) -> None:
        """Add a note; see `Outbound.write`."""
        values = {"subject": line(note.subject) or "", "body": _body(note)}
        answer = await self._client.insert(_NOTES, client, values, _Answer)
        if not answer.success or answer.data_record.data.project != client:
            raise Changed(_NOT_TAKEN)

    async def amend(self, client: int, filed: Filed, note: Note) -> None:
        """Change a note; see `Outbound.amend`."""
        values = {
            "subject": line(f"{note.subject}: {filed.subject}") or "",
            "body": f"{_body(note)}{_RULE}{filed.body}",
        }
        answer = await self._client.change(_NOTES, filed.key, client, values, _Answer)
        if not answer.success or answer.data_record.data.id != filed.key:
            raise Changed(_NOT_TAKEN)


_NOT_TAKEN: Final = (
    "The Lino does not take the note. Sign in with this account, and look whether it may write notes for clients; "
    "if it may, update handover for this version of Lino."
)


def _body(note: Note) -> str:
    """Write a note as the HTML that Lino keeps; it takes out what could run, and we put in nothing that could."""
    rows = (f"<b>{escape(label)}:</b> {_text(text)}" if label else _text(text) for label, text in note.lines)
    return "".join(f"<p>{row}</p>" for row in (*rows, escape(note.reference)))


def _text(text: str) -> str:
    return "<br/>".join(escape(line) for line in text.split("\n"))
