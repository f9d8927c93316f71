"""`handover seed`: the demonstration's organisations, counsellors, legal basis and a few dossiers."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import typer
from msgspec.structs import replace
from rich import print as show

from handover.cli.running import run, settings
from handover.cli.seed_agreements import seed_agreements
from handover.cli.seed_offers import seed_offers
from handover.domain import codes, codes_follow_up
from handover.domain.codes import OrganisationKind, Purpose
from handover.domain.events import OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import handover as h
from handover.domain.kinds import intake as i
from handover.domain.kinds.follow_up_payloads import ContractStarted
from handover.domain.parties import Actor, Caller, Counsellor, LegalBasis, Organisation
from handover.platform.settings import Mode, Settings, SettingsError
from handover.record.directory import DIRECTORY, save_counsellor, save_legal_basis, save_organisation
from handover.record.handle import Request
from handover.wiring import Services, services

_TEAMS = (
    (
        "ocmw-lindedal",
        OrganisationKind.OCMW,
        "0123456749",
        "OCMW Lindedal",
        "trajectbegeleider",
        "Trajectbegeleider Lindedal",
    ),
    (
        "ocmw-waterhoek",
        OrganisationKind.OCMW,
        "0876543270",
        "OCMW Waterhoek",
        "maatschappelijk-werker",
        "Maatschappelijk werker Waterhoek",
    ),
    ("vdab", OrganisationKind.VDAB, "0887010362", "VDAB", "bemiddelaar", "Bemiddelaar VDAB"),
    ("partner-igo", OrganisationKind.PARTNER, "1000012392", "Partner IGO", "begeleider", "Begeleider IGO"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def seed() -> None:
        """Load the demonstration data; a second run changes nothing."""
        found = settings()
        if found.mode is not Mode.DEMONSTRATION:
            problem = "handover seed works in demonstration mode only: it would mix examples with real dossiers."
            raise SettingsError([problem])
        run(_seeding(found))
        show("The demonstration data is there.")


async def _seeding(found: Settings) -> None:
    async with services(found, pool_size=2, name="handover-seed") as ready:
        await seed_directory(ready)
        await seed_agreements(ready)
        await seed_offers(ready)
        await seed_dossiers(ready)


async def seed_directory(ready: Services) -> None:
    """Save the organisations with three counsellors each, and the legal basis `demo-protocol`."""
    for number, (slug, kind, enterprise_number, name, role, title) in enumerate(_TEAMS, start=1):
        organisation = Organisation(
            organisation_id=slug,
            kind=kind,
            enterprise_number=enterprise_number,
            name=name,
            phone=f"+32 2 555 0{number} 00",
            email=f"onthaal@{slug}.example",
            coordinator=f"{slug}.coordinator",
        )
        await save_organisation(ready.pool, organisation)
        people = [(f"{role}-{n}", f"{title} {n}", title.split(" ", maxsplit=1)[0]) for n in (1, 2)]
        people.append(("coordinator", f"Coördinator {name}", "Coördinator"))
        for n, (short, shown, function) in enumerate(people, start=1):
            await save_counsellor(
                ready.pool,
                Counsellor(
                    counsellor_id=f"{slug}.{short}",
                    organisation_id=slug,
                    name=shown,
                    team="Activering",
                    function=function,
                    phone=f"+32 2 555 0{number} {n:02}",
                    email=f"{short}@{slug}.example",
                ),
            )
    await save_legal_basis(
        ready.pool,
        LegalBasis(
            legal_basis_id="demo-protocol",
            title="Voorbeeldprotocol voor demonstraties",
            reference="demo:protocol:1",
            purposes=frozenset(Purpose),
            valid_from=date(2020, 1, 1),
        ),
    )
    await ready.pool.execute(f"NOTIFY {DIRECTORY}")
    await ready.directory.refresh()


@dataclass(frozen=True)
class _Story:
    ssin: str
    given_name: str
    family_name: str
    birth_date: date
    steps: tuple[tuple[str, str, Payload], ...]


_OCMW, _VDAB = "ocmw-lindedal.trajectbegeleider-1", "vdab.bemiddelaar-1"
_INTAKE = i.INTAKE.table[1].example
_REQUEST = h.HANDOVER.table[0].example
_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
_STORIES = (
    _Story(
        "80610100139",
        "Voorbeeld",
        "Acht",
        date(1980, 1, 1),
        ((_OCMW, "intake.recorded", _INTAKE), (_OCMW, "handover.requested", _REQUEST)),
    ),
    _Story(
        "75631401826",
        "Voorbeeld",
        "Vijf",
        date(1975, 3, 14),
        (
            (_OCMW, "intake.recorded", _INTAKE),
            (_OCMW, "handover.requested", _REQUEST),
            (_VDAB, "handover.accepted", h.Accepted(counsellor=_VDAB, reached_by=codes.ContactMeans.PHONE)),
            (
                _VDAB,
                "handover.contacted",
                h.Contacted(
                    contacted_at=_AT,
                    means=codes.ContactMeans.THREE_WAY_TALK,
                    present=(codes.Present.CLIENT, codes.Present.SENDER, codes.Present.RECEIVER),
                ),
            ),
        ),
    ),
    _Story(
        "03713000572",
        "Voorbeeld",
        "Drie",
        date(2003, 11, 30),
        (
            (
                _OCMW,
                "followUp.art60Started",
                ContractStarted(starts_on=date(2026, 3, 2), ends_on=date(2027, 3, 1), workplace="Kringwinkel"),
            ),
            (
                _OCMW,
                "dossier.benefitStated",
                i.BenefitStated(benefit=codes_follow_up.Benefit.LIVING_WAGE, since=date(2026, 1, 5)),
            ),
        ),
    ),
)


async def seed_dossiers(ready: Services) -> None:
    """Open three dossiers under MAGDA's test numbers, at different points of the road."""
    for story in _STORIES:
        opening = OpenDossier(
            command_id=_id(story.ssin, "opening"),
            dossier_id=_id(story.ssin, "dossier"),
            caller=_caller(ready, _OCMW),
            given_name=story.given_name,
            family_name=story.family_name,
            birth_date=story.birth_date,
            target_group=codes.TargetGroup.LIVING_WAGE,
            capacity=codes.Capacity.LIVING_WAGE,
            legal_basis_id="demo-protocol",
        )
        now = ready.clock.now()
        asked = Request(key=f"seed-{opening.command_id}", fingerprint=_mark(str(opening.command_id)), ssin=story.ssin)
        opened = await ready.record.handle(opening, asked, at=now)
        for number, (who, kind, data) in enumerate(story.steps):
            command = PostEvent(
                command_id=_id(story.ssin, f"step-{number}"),
                dossier_id=opened.dossier.dossier_id,
                caller=_caller(ready, who),
                type=kind,
                data=_fresh(data, now),
            )
            key = f"seed-{command.command_id}"
            await ready.record.handle(command, Request(key=key, fingerprint=_mark(key)), at=now)


def _fresh(data: Payload, now: datetime) -> Payload:
    """A step that happened a while ago stays in the past, whenever the demonstration starts."""
    return replace(data, contacted_at=now - timedelta(days=1)) if isinstance(data, h.Contacted) else data


def _caller(ready: Services, counsellor_id: str) -> Caller:
    directory = ready.directory_now()
    counsellor = directory.counsellors[counsellor_id]
    return Caller(
        organisation=directory.organisations[counsellor.organisation_id],
        actor=Actor(name=counsellor.name, counsellor_id=counsellor_id),
    )


def _id(*parts: str) -> UUID:
    # Only a demonstration's own test numbers go in here, and the same run gives the same ids.
    return uuid5(NAMESPACE_URL, "handover-demonstration:" + ":".join(parts))


def _mark(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
