"""What is recorded of a client and who looked at it, to be given to the client (GDPR, article 15).

Everything is in it: also what is internal to an organisation or confidential. What may be withheld from a client
(about a third person, say) is for the organisation to judge before it hands the file over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from pydantic.alias_generators import to_camel

from handover.access.log import AccessLog, Line
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import Event
from handover.domain.fields import Visibility
from handover.record import codec
from handover.web.needs import Services
from handover.web.ui.dates import Dates
from handover.web.ui.pages import TEMPLATES
from handover.web.ui.people import People
from handover.web.ui.values import PlainWriter, Said, about, lines_of
from handover.web.ui.words import WORDS, Language

_PAGE = 1000
_ALL = frozenset(Visibility)
_DELIVERED = """
SELECT s.organisation_id, d.sequence, d.delivered_at FROM delivery d JOIN subscription s USING (subscription_id)
WHERE d.dossier_id = $1 AND d.delivered_at IS NOT NULL ORDER BY d.sequence, s.organisation_id
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the client reads it."""

    title: str
    moment: str
    who: str
    organisation: str
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """One look at the dossier as the client reads it."""

    moment: str
    who: str
    organisation: str
    why: str


@dataclass(frozen=True, slots=True)
class ClientFile:
    """The same in two forms: JSON and HTML (one page, nothing loaded from elsewhere)."""

    data: bytes
    page: bytes
    steps: int
    accesses: int


async def client_file(services: Services, ssin: str, *, at: datetime) -> ClientFile | None:
    """Give the file of the client with that SSIN (11 digits), or None when there is no dossier."""
    found = await services.reader.find(ssin)
    if found is None:
        return None
    dossier, number = found
    bodies = await _bodies(services, dossier)
    log = await _log(AccessLog(services.pool, services.pool), dossier)
    delivered = await services.pool.fetch(_DELIVERED, dossier.dossier_id)
    people = People(services.directory_now(), WORDS[Language.NL])
    # In Dutch, which is the client's and the law's.
    writer = PlainWriter(WORDS[Language.NL], Dates(WORDS[Language.NL], at), people)
    steps = [_step(writer, codec.decode_event(body)) for body in bodies]
    accesses = [_access(writer, line) for line in log]
    data: dict[str, Any] = {
        "madeAt": at,
        "client": {
            "ssin": number,
            "givenName": dossier.given_name,
            "familyName": dossier.family_name,
            "birthDate": dossier.birth_date,
        },
        "dossier": dossier,
        "events": [msgspec.Raw(body) for body in bodies],
        "deliveries": [{to_camel(name): value for name, value in row.items()} for row in delivered],
        "accesses": [
            {to_camel(name): getattr(line, name) for name in Line.__dataclass_fields__ if name != "dossier_id"}
            for line in log
        ],
    }
    page = TEMPLATES.get_template("client_file.html").render(
        made=writer.dates.plain(local_day(at)),
        number=number,
        dossier=dossier,
        born=writer.dates.plain(dossier.birth_date),
        organisations=[
            (
                people.organisation(i.organisation),
                writer.t.code(i.capacity),
                writer.dates.plain(i.since.date()),
                writer.dates.plain(i.until.date()) if i.until else "",
            )
            for i in dossier.inscriptions
        ],
        steps=steps,
        accesses=accesses,
        receivers=sorted({people.organisation(row["organisation_id"]) for row in delivered}),
    )
    return ClientFile(msgspec.json.format(msgspec.json.encode(data)), page.encode(), len(steps), len(accesses))


async def _bodies(services: Services, dossier: Dossier) -> Sequence[bytes]:
    found: list[bytes] = []
    while page := await services.reader.timeline(dossier.dossier_id, after=len(found), limit=_PAGE):
        found += page.bodies
        if len(page.bodies) < _PAGE:
            break
    return found


async def _log(log: AccessLog, dossier: Dossier) -> list[Line]:
    found: list[Line] = []
    page = await log.of_dossier(dossier.dossier_id, limit=_PAGE)
    while page:
        found += [kept.line for kept in page]
        page = await log.of_dossier(dossier.dossier_id, before=page[-1].entry, limit=_PAGE)
    return found


def _step(writer: PlainWriter, event: Event) -> Step:
    return Step(
        title=writer.t.event(event.type, "title", about=about(writer, event)),
        moment=writer.dates.moment(event.recorded_at),
        who=event.actor.name if event.actor.counsellor_id else "",
        organisation=writer.people.organisation(event.organisation),
        lines=tuple(lines_of(writer, event.type, event.data, _ALL)),
    )


def _access(writer: PlainWriter, line: Line) -> Access:
    t = writer.t
    who = writer.people.counsellor(line.counsellor_id) if line.counsellor_id else line.application
    return Access(
        moment=writer.dates.moment(line.at),
        who=who,
        organisation=writer.people.organisation(line.organisation_id),
        why=t.first(f"client_file.outcome.{line.outcome}", "client_file.outcome.other"),
    )
