"""`handover catalogue`: every event of every process, written from the tables that decide about them."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import typer
from rich import print as show

from handover.domain.agreeing import adjustable
from handover.domain.codes import Coded
from handover.domain.deadlines import DueRule
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES, KINDS, EventType
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.threads import By, Kind, Transition, Turn
from handover.web.api.reference import list_name
from handover.web.ui.fields import Shape, Widget, shapes_of
from handover.web.ui.words import WORDS, Language

FILE = Path("docs/events.md")

_INTRO = """\
# Events

Written by `handover catalogue --write` from the tables in `src/handover/domain/kinds`; `make check` fails when this
file is not as they say.

A dossier holds **threads**: one handover, one label request, one training. Each kind of thread has a table. A row says
which event leads from which state to which, who may post it, whose turn it is then and until when. Read the same tables
as data with `GET /v1/refData/eventTypes`.

Post an event with `POST /v1/dossiers/{dossierId}/events`: its `type` and `data`, as in the examples. Add `threadId`
where the thread is there already (it may be left out where only one can be meant) and `occurredAt` where it happened
before now. Below each process stand its events: the Dutch words that a counsellor reads, the fields, an example.

- **from**: the states (and, after *right after*, the last step) in which the event is accepted; *new* opens a thread.
  In brackets what must hold besides. In another state the answer is 409.
- **who**: the party that may post it, else 403. *sender* opened the thread (to open one: any OCMW or VDAB), *receiver*
  was addressed, *side* is either, *organiser* gives a training (who is not the OCMW, else the receiver), *lead* directs
  the trajectory, *any* is every organisation in the dossier. *system* events are recorded by the service and cannot be
  posted. OCMW and VDAB stand for the one that is a side of the thread.
- **turn**: who must act next. *other* is the side that did not act.
- **due**: until when, counted in Brussels from the moment of recording; working days skip weekends and Belgian
  holidays. A number marked with * can be set otherwise by an agreement (`/v1/agreements`; the list is
  `GET /v1/refData/answerTimes`), a day in a field cannot.
- **needs**: further rules by name; the problem document of a refusal says which one was broken and what to do.
- **taken back**: the latest step of a thread can be marked as a mistake with `enteredInError`; of the steps about the
  dossier itself only the facts can (registered, trajectory, benefit). Below an event stands where it cannot.
- **class** of a field: `step` (everyone in the dossier), `content` (needs a legal basis in force), `confidential`
  (the author's organisation, and whom the client's mandate names, else it is withheld), `internal` (the author's
  organisation only). What was withheld is named in `redacted`.
- **holds**: a day is `2026-11-02`, a moment has its offset (`2026-11-02T09:00:00Z`), codes come from the list named.
"""
_BY = {By.OCMW_OR_VDAB: "any OCMW or VDAB", By.OCMW: "OCMW", By.VDAB: "VDAB", By.SYSTEM: "*system*"}
_TURN = {Turn.OCMW: "OCMW", Turn.VDAB: "VDAB", Turn.NOBODY: "-", Turn.UNCHANGED: "as it was"}
_HOLDS = {
    Widget.LINE: "short text",
    Widget.TICK: "true or false",
    Widget.LANGUAGE: "language (ISO 639-1)",
    Widget.ORGANISATIONS: "organisations",
    Widget.LEGAL_BASIS: "entry of `/v1/refData/legalBases`",
    Widget.THREAD: "id of a thread",
    Widget.MANDATE: "id of a mandate",
    Widget.EVENT: "id of an event",
}
_PARTS_PLAYED = {
    "addresses": "becomes the receiver",
    "names_sender": "works on it for the sender",
    "names_receiver": "works on it for the receiver",
    "names_actor": "who signs, only for oneself",
    "invites": "take part as well",
    "subject": "what the thread is about",
    "route": "decides which rows hold",
    "outcome": "the thread's outcome",
}
"""What a row does with the field that one of its attributes names."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def catalogue(
        write: bool = typer.Option(False, "--write", help="Write the file anew instead of printing."),
        check: bool = typer.Option(False, "--check", help="Print nothing; fail when the file differs."),
        file: Path = typer.Option(FILE, help="Where the file is."),
    ) -> None:
        """Print the event catalogue as Markdown, written from the tables."""
        text = rendered()
        if write:
            file.write_text(text, "utf-8")
        elif not check:
            typer.echo(text, nl=False)
        elif not file.is_file() or file.read_text("utf-8") != text:
            show(f"{file} is not as the code says. Run `handover catalogue --write` and commit the result.")
            raise typer.Exit(1)


def rendered() -> str:
    """Give the whole catalogue, the same text each time."""
    return "\n".join([_INTRO, *_contents(), *_everywhere(), *(line for kind in KINDS for line in _kind(kind))]) + "\n"


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Give a Markdown table and the empty line after it."""
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""


def _contents() -> Iterator[str]:
    yield from _grid(
        ("process", "events", "seen by", "opening one needs a legal basis for"),
        (
            (
                f"[{kind.name}](#{kind.name.lower()})",
                str(len(kind.rows)),
                "OCMW, VDAB and who takes part" if kind.restricted else "everyone in the dossier",
                _purpose(kind),
            )
            for kind in KINDS
        ),
    )


def _purpose(kind: Kind) -> str:
    if kind.purpose:
        return f"`{kind.purpose}`"
    named = any(row.opens and {"purpose", "legal_basis_id"} <= set(row.payload.__struct_fields__) for row in kind.table)
    return "the `purpose` that it names" if named else "-"


def _everywhere() -> Iterator[str]:
    yield "## every thread"
    yield ""
    yield "Every thread of every kind also has these, as `{kind}.{event}`."
    yield ""
    yield from _grid(("event", "who", "what"), ((row.name, _by(row), _doc(row.payload)) for row in EVERYWHERE))
    for row in EVERYWHERE:
        yield from _event(EVENT_TYPES[f"{KINDS[0].name}.{row.name}"], f"{{kind}}.{row.name}")


def _kind(kind: Kind) -> Iterator[str]:
    yield f"## {kind.name}"
    yield ""
    for rule in _rules(kind):
        yield rule
        yield ""
    plain = [row for row in kind.table if row.on_dossier]
    if plain:
        yield from _table(kind, "About the dossier itself", plain)
    for topic in dict.fromkeys(row.topic for row in kind.table if not row.on_dossier):
        rows = [row for row in kind.table if not row.on_dossier and row.topic == topic]
        yield from _table(kind, topic, rows)
    for name in kind.rows:
        yield from _event(EVENT_TYPES[name], name)


def _rules(kind: Kind) -> Iterator[str]:
    """Give what holds for a kind as a whole."""
    if kind.restricted:
        yield "Its steps are hidden from partners that do not take part in the thread."
    if not kind.mandate_opens:
        yield "No mandate opens its `confidential` fields: they stay with the organisation that wrote them."
    for status, rule in kind.restarts:
        yield f"In {status} any step of the receiver in the dossier starts the period anew: {rule.name}."


def _table(kind: Kind, title: str, rows: list[Transition]) -> Iterator[str]:
    if title:
        yield f"### {title}"
        yield ""
    yield from _grid(
        ("event", "from", "to", "who", "turn", "due", "needs"),
        (
            (
                row.name,
                _from(row),
                _to(row),
                _by(row),
                _TURN.get(row.turn, str(row.turn)),
                _due(row.due, marked=f"{kind.name}.{row.name}" in adjustable()),
                "; ".join(guard.name for guard in row.guards) or "-",
            )
            for row in rows
        ),
    )


def _from(row: Transition) -> str:
    if row.on_dossier:
        return "closed" if row.on_closed else "new" if row.name == "opened" else "open"
    found = ", ".join(row.starts) or "new"
    if row.after:
        found += f" right after {' or '.join(row.after)}"
    return f"{found} ({row.when.name})" if row.when else found


def _to(row: Transition) -> str:
    if row.on_dossier:
        return "closed" if row.name == "closed" else "open"
    return f"{row.to} ({row.to_alone} when nobody is there)" if row.to_alone else str(row.to)


def _by(row: Transition) -> str:
    return _BY.get(row.by, str(row.by))


def _due(rule: DueRule, *, marked: bool) -> str:
    if not rule.name:
        return "-"
    # An agreement sets the number of the rule itself, never that of what holds instead.
    name = re.sub(r"_([a-z])", lambda found: found[1].upper(), rule.name) + ("*" if marked else "")
    return name + (f", else {_due(rule.otherwise, marked=False)}" if rule.otherwise else "")


def _doc(of: object) -> str:
    # Where a rule comes from is for who reads the code.
    return re.sub(r" \((?:design|seed|Pact)[^)]*\)", "", " ".join((of.__doc__ or "").split()))


def _event(event_type: EventType, name: str) -> Iterator[str]:
    rows, payload = event_type.rows, event_type.payload
    word = WORDS[Language.NL].event(event_type.name, "title", about="…")
    yield f"#### {name}"
    yield ""
    yield f"*{word}.* {_doc(payload)}"
    yield ""
    yield from _grid(("field", "needed", "class", "holds"), _fields(event_type))
    if payload.lacks is not Payload.lacks:
        yield f"Together: {_doc(payload.lacks)}"
        yield ""
    if not event_type.is_posted:
        yield "The service records this itself; it cannot be posted."
        yield ""
    elif any(row.final for row in rows):
        yield "It cannot be taken back with `enteredInError`."
        yield ""
    example = msgspec.to_builtins(rows[0].example)
    yield "```json"
    yield json.dumps({"type": name, "data": example}, indent=1, ensure_ascii=False)
    yield "```"
    yield ""


def _fields(event_type: EventType) -> Iterator[tuple[str, ...]]:
    for shape in shapes_of(event_type.name):
        needed = "yes" if shape.required else "-"
        played = (does for named, does in _PARTS_PLAYED.items() if _names(event_type.rows, named, shape.attribute))
        yield (f"`{shape.name}`", needed, shape.visibility.value, "; ".join([_holds(shape), *played]))
        for part in shape.parts:
            needed = "yes" if part.required else "-"
            yield (f"`{shape.name}[].{part.name}`", needed, shape.visibility.value, _holds(part))


def _names(rows: tuple[Transition, ...], named: str, attribute: str) -> bool:
    return any(getattr(row, named) == attribute for row in rows)


def _holds(shape: Shape) -> str:
    if shape.codes:
        kind: type[Coded] = type(shape.codes[0])
        several = "any of " if shape.widget is Widget.CODES else ""
        return f"{several}`/v1/refData/{list_name(kind)}`"
    if shape.parts:
        return "list"
    most = f", at most {shape.most} characters" if shape.widget in {Widget.LINE, Widget.TEXT} else ""
    return _HOLDS.get(shape.widget, str(shape.widget)) + most
