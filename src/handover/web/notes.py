"""A step as a note in the client's file of another system: the words that the timeline has, as plain text."""

import re
from collections.abc import Callable

from markupsafe import Markup

from handover.adapters.kit.filing import Note
from handover.domain.events import Event
from handover.domain.kinds.common import EnteredInError
from handover.domain.parties import Directory
from handover.domain.visibility import Reader
from handover.exchange.carrying import Compose
from handover.platform.clock import Clock
from handover.web.ui.dates import Dates
from handover.web.ui.inbox import process_of
from handover.web.ui.people import People
from handover.web.ui.values import PlainWriter, about, said
from handover.web.ui.words import WORDS, Language

_REFERENCE = re.compile(r"(handover/)(?=[0-9a-f]{8}-)", re.IGNORECASE)
"""By these a note is known: whoever could write one into a text could have another step taken for written."""


def composer(base_url: str, directory: Callable[[], Directory], clock: Clock) -> Compose:
    """Give what writes a note whose link leads to `base_url`; Dutch, unless its reader has another language."""

    def compose(event: Event, reader: Reader, language: str) -> Note:
        t = WORDS[Language(language) if language in set(Language) else Language.NL]
        writer = PlainWriter(t, Dates(t, clock.now()), People(directory(), t))
        organisation = writer.people.organisation(event.organisation)
        thread = next((one for one in event.threads if one.thread_id == event.thread_id), None)
        who = event.actor.name if event.actor.counsellor_id else ""
        head = (organisation, who, writer.dates.moment(event.occurred_at))
        process = t(f"process.{process_of(thread.kind, thread.topic)}") if thread else ""
        lines = [(one.label, one.value) for one in said(writer, event, reader)]
        address = f"{base_url}/dossiers/{event.dossier_id}"
        withdrawn = event.data.event_id if isinstance(event.data, EnteredInError) else ""
        title = t("note.withdrawn") if withdrawn else t.event(event.type, "title", about=about(writer, event))
        told = [("", ", ".join(part for part in head if part)), ("", process), *lines]
        if not withdrawn:
            # A note that is corrected has it already.
            told.append(("", t("note.open", url=address)))
        return Note(
            reference=f"handover/{event.event_id}",
            subject=_plain(title) if withdrawn else f"{organisation}: {_plain(title)}",
            lines=tuple((_plain(label), _plain(text)) for label, text in told if text),
            amends=f"handover/{withdrawn}" if withdrawn else "",
        )

    return compose


def _plain(text: str) -> str:
    """What is filled into a sentence is escaped for a page; a note is no page. Nor does a text hold a reference."""
    return _REFERENCE.sub(r"\1 ", text.unescape() if isinstance(text, Markup) else text)
