"""`handover catalogue`: every event of every process, written from the tables that decide about them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import typer
from rich import print as show

from handover.domain.codes import Coded
from handover.domain.deadlines import DueRule
from handover.domain.kinds import EVENT_TYPES, KINDS, EventType
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.threads import By, Kind, Transition, Turn
from handover.web.api.reference import list_name
from handover.web.ui.fields import Shape, shapes_of
from handover.web.ui.words import WORDS, Language

FILE = Path("docs/events.md")

_INTRO = """\
# Events

Written by `make catalogue` from the tables in `src/handover/domain/kinds`; a check fails when they differ.

A dossier holds **threads**: one handover, one label request, one training. Each kind of thread has a table. A row says
which event leads from which state to which, who may post it, whose turn it is then and until when. Post an event with
`POST /v1/dossiers/{dossierId}/events`; read the same tables as data with `GET /v1/refData/eventTypes`.

- **from**: the states (and, after *right after*, the last step) in which the event is accepted; *new* opens a thread.
  In another state the answer is 409.
- **who**: the party that may post it, else 403. *sender* opened the thread, *receiver* was addressed, *side* is either,
  *organiser* gives a training (who is not the OCMW, else the receiver), *lead* directs the trajectory, *system* events
  are recorded by the service and cannot be posted.
- **turn**: who must act next. *other* is the side that did not act.
- **due**: when, counted in Brussels from the moment of recording; working days skip weekends and Belgian holidays. A
  number marked with * can be set otherwise by an agreement (`/v1/agreements`).
- **class** of a field: `step` (everyone in the dossier), `content` (needs a legal basis in force), `confidential`
  (needs the client's mandate, else it is withheld and named in `redacted`), `internal` (your own organisation).
"""
_BY = {By.OCMW_OR_VDAB: "OCMW or VDAB", By.OCMW: "OCMW", By.VDAB: "VDAB"}
_TURN = {Turn.OCMW: "OCMW", Turn.VDAB: "VDAB", Turn.NOBODY: "-", Turn.UNCHANGED: "as it was"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def catalogue(
        write: bool = typer.Option(False, "--write", help=f"Write {FILE} anew instead of printing."),
        check: bool = typer.Option(False, "--check", help=f"Print nothing; fail when {FILE} differs."),
    ) -> None:
        """Print the event catalogue as Markdown, written from the tables."""
        text = rendered()
        if write:
            FILE.write_text(text, "utf-8")
        elif not check:
            typer.echo(text, nl=False)
        elif not FILE.is_file() or FILE.read_text("utf-8") != text:
            show(f"{FILE} is not as the code says. Run `handover catalogue --write` and commit the result.")
            raise typer.Exit(1)


def rendered() -> str:
    """Give the whole catalogue."""
    return "\n".join([_INTRO, *_contents(), *_everywhere(), *(line for kind in KINDS for line in _kind(kind))]) + "\n"


def _contents() -> Iterator[str]:
    yield "| process | events | seen by | needs a legal basis for |"
    yield "|---|---|---|---|"
    for kind in KINDS:
        who = "OCMW, VDAB and who takes part" if kind.restricted else "everyone in the dossier"
        purpose = f"`{kind.purpose}`" if kind.purpose else "-"
        yield f"| [{kind.name}](#{kind.name.lower()}) | {len(kind.rows)} | {who} | {purpose} |"
    yield ""


def _everywhere() -> Iterator[str]:
    yield "## every thread"
    yield ""
    yield "Every thread of every kind also has these, as `{kind}.{event}`."
    yield ""
    yield "| event | who | what |"
    yield "|---|---|---|"
    for row in EVERYWHERE:
        yield f"| {row.name} | {_by(row)} | {_doc(row)} |"
    yield ""
    for row in EVERYWHERE:
        yield from _event(EVENT_TYPES[f"handover.{row.name}"], f"{{kind}}.{row.name}")


def _kind(kind: Kind) -> Iterator[str]:
    yield f"## {kind.name}"
    yield ""
    topics = list(dict.fromkeys(row.topic for row in kind.table if not row.on_dossier))
    plain = [row for row in kind.table if row.on_dossier]
    if plain:
        yield from _table("About the dossier itself", plain)
    for topic in topics:
        yield from _table(
            topic if topic or plain else "", [r for r in kind.table if not r.on_dossier and r.topic == topic]
        )
    for name in kind.rows:
        yield from _event(EVENT_TYPES[name], name)


def _table(title: str, rows: list[Transition]) -> Iterator[str]:
    if title:
        yield f"### {title}"
        yield ""
    yield "| event | from | to | who | turn | due | needs |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        cells = (
            row.name,
            _from(row),
            _to(row),
            _by(row),
            _TURN.get(row.turn, str(row.turn)),
            _due(row.due),
            _needs(row),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _from(row: Transition) -> str:
    if row.on_dossier:
        return "closed" if row.on_closed else "open"
    found = ", ".join(row.starts) or "new"
    if row.after:
        found += f" right after {' or '.join(row.after)}"
    return f"{found} ({row.when.name})" if row.when else found


def _to(row: Transition) -> str:
    if row.on_dossier:
        return "-"
    return f"{row.to} ({row.to_alone} when nobody is there)" if row.to_alone else str(row.to)


def _by(row: Transition) -> str:
    return _BY.get(row.by, str(row.by))


def _due(rule: DueRule) -> str:
    if not rule.name:
        return "-"
    mark = "*" if rule.with_count else ""
    return f"{rule.name}{mark}" + (f", else {_due(rule.otherwise)}" if rule.otherwise else "")


def _needs(row: Transition) -> str:
    return "; ".join(guard.name for guard in row.guards) or "-"


def _doc(row: Transition) -> str:
    # Where a rule comes from is for who reads the code.
    return re.sub(r" \((?:design|seed|Pact)[^)]*\)", "", " ".join((row.payload.__doc__ or "").split()))


def _event(event_type: EventType, name: str) -> Iterator[str]:
    row = event_type.rows[0]
    word = WORDS[Language.NL].event(event_type.name, "title", about="…")
    yield f"#### {name}"
    yield ""
    yield f"*{word}.* {_doc(row)}"
    yield ""
    yield "| field | class | |"
    yield "|---|---|---|"
    for shape in shapes_of(event_type.name):
        called = shape.name if shape.required else f"{shape.name} (optional)"
        yield f"| {called} | {shape.visibility.value} | {_kind_of(shape)} |"
    yield ""
    example = msgspec.to_builtins(row.example)
    yield "```json"
    yield json.dumps({"type": name, "data": example}, indent=1, ensure_ascii=False)
    yield "```"
    yield ""


def _kind_of(shape: Shape) -> str:
    if shape.codes:
        kind: type[Coded] = type(shape.codes[0])
        several = "any of " if shape.widget == "codes" else ""
        return f"{several}`/v1/refData/{list_name(kind)}`"
    if shape.parts:
        return "list of " + ", ".join(part.name for part in shape.parts)
    return {"line": "line of text", "legalBasis": "entry of `/v1/refData/legalBases`"}.get(
        shape.widget, str(shape.widget)
    )
