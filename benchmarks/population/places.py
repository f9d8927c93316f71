"""Who works where: organisations, their counsellors in teams, and each OCMW's agreement with VDAB."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

import msgspec

from handover.domain.agreements import Desk, PriorityLine, Terms
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Counsellor, Organisation
from handover.record.directory import DIRECTORY, save_organisation
from handover.wiring import Services

VDAB = "vdab"
TEAM_SIZE = 20
SMALLEST = 6
"""Counsellors of the smallest organisation: a desk of three, and three who see clients."""
_ROLES = (("trajectbegeleider", "Trajectbegeleider"), ("maatschappelijk-werker", "Maatschappelijk werker"))
_FIRST = (
    *("Linde", "Water", "Eiken", "Berken", "Zonne", "Molen", "Kerk", "Hoge", "Lage", "Nieuwe", "Oude", "Wilgen"),
    *("Heide", "Vaart", "Klaver", "Rozen", "Bron", "Duin", "Elzen", "Veld"),
)
_LAST = ("dal", "hoek", "beke", "berg", "gem", "broek", "hove", "rode", "poort", "akker", "meers", "wijk", "donk", "lo")
_SAVE_COUNSELLOR = """
INSERT INTO counsellor (counsellor_id, organisation_id, name, team, function, phone, email, person)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (counsellor_id) DO UPDATE SET team = excluded.team
"""
_SAVE_AGREEMENT = """
INSERT INTO {} (agreement_id, ocmw, vdab, terms, valid_from, version, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it there is."""

    dossiers: int
    organisations: int
    counsellors: int
    models: int
    """Histories that are played; each is copied so often that all dossiers have one."""

    @classmethod
    def full(cls, dossiers: int = 200_000) -> "Size":
        """As large as the service is meant for."""
        return cls(dossiers=dossiers, organisations=300, counsellors=5_000, models=min(2_000, max(dossiers // 20, 20)))


@dataclass(frozen=True)
class Place:
    """An organisation with its people: a desk first (fixed contact, substitute), then who sees clients."""

    organisation: Organisation
    counsellors: tuple[Counsellor, ...]
    coordinator: Counsellor

    @property
    def slug(self) -> str:
        """The organisation's short name."""
        return self.organisation.organisation_id

    @property
    def desk(self) -> tuple[Counsellor, Counsellor]:
        """The fixed contact and who stands in."""
        return self.counsellors[0], self.counsellors[1]

    @property
    def workers(self) -> tuple[Counsellor, ...]:
        """Who sees clients."""
        return self.counsellors[2:]


class Places:
    """All organisations of a size, the same each time."""

    def __init__(self, size: Size) -> None:
        partners = max(1, size.organisations * 28 // 300)
        ocmws = size.organisations - 1 - partners
        of_vdab = max(TEAM_SIZE, size.counsellors * 41 // 100)
        shares = _shares(size.counsellors - of_vdab - partners * SMALLEST, ocmws)
        names = ["ocmw-lindedal", "ocmw-waterhoek"]
        names += [name for first in _FIRST for last in _LAST if (name := f"ocmw-{first}{last}".lower()) not in names]
        self.ocmws = tuple(
            _place(name, OrganisationKind.OCMW, n, count)
            for n, (name, count) in enumerate(zip(names[:ocmws], shares, strict=True), start=1)
        )
        self.partners = tuple(
            _place("partner-igo" if n == 0 else f"partner-{n:02}", OrganisationKind.PARTNER, 400 + n, SMALLEST)
            for n in range(partners)
        )
        self.vdab = _place(VDAB, OrganisationKind.VDAB, 999, of_vdab)
        # Worker k of all OCMWs together works with who stands at the same share of VDAB's list: neighbours in a region.
        self._workers = [(place, n) for place in self.ocmws for n in range(len(place.workers))]

    @cached_property
    def all(self) -> tuple[Place, ...]:
        """Every organisation."""
        return (self.vdab, *self.ocmws, *self.partners)

    def at(self, share: float) -> tuple[Place, int]:
        """Give the OCMW and which of its workers stands at that share (0 to 1) of all."""
        return self._workers[int(share * len(self._workers))]

    def vdab_team(self, share: float) -> tuple[Counsellor, ...]:
        """Give VDAB's team at that share: fixed contact, substitute, team coordinator, then who sees clients."""
        teams = self._teams
        return teams[int(share * len(teams))]

    @cached_property
    def _teams(self) -> list[tuple[Counsellor, ...]]:
        people = self.vdab.counsellors
        count = max(len(people) // TEAM_SIZE, 1)
        return [people[n * TEAM_SIZE : (n + 1) * TEAM_SIZE] for n in range(count)]

    @cached_property
    def vdab_desks(self) -> dict[str, tuple[Counsellor, ...]]:
        """VDAB's team that each OCMW's agreement names."""
        found: dict[str, tuple[Counsellor, ...]] = {}
        for number, (place, _) in enumerate(self._workers):
            found.setdefault(place.slug, self.vdab_team(number / len(self._workers)))
        return found

    async def save(self, ready: Services) -> None:
        """Write them into the directory, with the agreements."""
        for place in self.all:
            await save_organisation(ready.pool, place.organisation)
        people = [counsellor for place in self.all for counsellor in (*place.counsellors, place.coordinator)]
        async with ready.pool.acquire() as connection:
            await connection.executemany(_SAVE_COUNSELLOR, [_row(counsellor) for counsellor in people])
            # Through `Agreements` each would make every process read the directory anew.
            for table in ("agreement", "agreement_history"):
                await connection.executemany(_SAVE_AGREEMENT.format(table), self._agreements(ready.clock.now()))
        await ready.pool.execute(f"NOTIFY {DIRECTORY}")
        await ready.directory.refresh()

    def _agreements(self, now: datetime) -> list[tuple[object, ...]]:
        return [
            (
                uuid5(NAMESPACE_URL, f"population:{place.slug}"),
                place.slug,
                VDAB,
                msgspec.json.encode(self._terms(place)).decode(),
                date(2024, 1, 1),
                place.coordinator.counsellor_id,
                now,
            )
            for place in self.ocmws
        ]

    def _terms(self, place: Place) -> Terms:
        fixed, substitute = place.desk
        theirs = self.vdab_desks[place.slug]
        return terms(
            (fixed.counsellor_id, substitute.counsellor_id, fixed.team, place.coordinator.counsellor_id),
            (theirs[0].counsellor_id, theirs[1].counsellor_id, theirs[0].team, theirs[2].counsellor_id),
        )


def terms(ocmw: tuple[str, str, str, str], vdab: tuple[str, str, str, str]) -> Terms:
    """Give what is agreed; for each side the fixed contact, the substitute, the team and the coordinator."""
    desks = [
        Desk(fixed_contact=fixed, substitute=substitute, team=team, coordinator=coordinator)
        for fixed, substitute, team, coordinator in (ocmw, vdab)
    ]
    return Terms(
        ocmw_desk=desks[0],
        vdab_desk=desks[1],
        answer_times={"handover.received": 3},
        priority_line=PriorityLine(vdab_contact=vdab[1], answer_times={"handover.received": 1}),
    )


def _shares(people: int, places: int) -> list[int]:
    """Spread people over places: a few large ones, many small ones."""
    weights = [1 / (n + 4) ** 0.8 for n in range(places)]
    spare = max(people - places * SMALLEST, 0)
    return [SMALLEST + int(spare * weight / sum(weights)) for weight in weights]


def _place(slug: str, kind: OrganisationKind, number: int, people: int) -> Place:
    name = _name(slug)
    role, title = {
        OrganisationKind.VDAB: ("bemiddelaar", "Bemiddelaar"),
        OrganisationKind.PARTNER: ("begeleider", "Begeleider"),
        OrganisationKind.OCMW: _ROLES[(number + 1) % 2],
    }[kind]
    short = name.removeprefix("OCMW ").removeprefix("Partner ")

    def counsellor(n: int, id_: str, shown: str, function: str) -> Counsellor:
        return Counsellor(
            counsellor_id=f"{slug}.{id_}",
            organisation_id=slug,
            name=shown,
            team=_team(kind, n, people),
            function=function,
            phone=f"+32 2 {number % 1000:03} {n // 100:02} {n % 100:02}",
            email=f"{id_}@{slug}.example",
        )

    return Place(
        Organisation(
            organisation_id=slug,
            kind=kind,
            enterprise_number=_enterprise_number(slug, number),
            name=name,
            phone=f"+32 2 {number % 1000:03} 00 00",
            email=f"onthaal@{slug}.example",
            coordinator=f"{slug}.coordinator",
        ),
        tuple(counsellor(n, f"{role}-{n}", f"{title} {short} {n}", title) for n in range(1, people)),
        counsellor(0, "coordinator", f"Coördinator {name}", "Coördinator"),
    )


def _name(slug: str) -> str:
    kind, _, rest = slug.partition("-")
    if kind == "ocmw":
        return f"OCMW {rest.title()}"
    return f"Partner {'IGO' if rest == 'igo' else rest}" if kind == "partner" else "VDAB"


def _team(kind: OrganisationKind, n: int, people: int) -> str:
    if kind is OrganisationKind.VDAB:
        return f"Team {max(n - 1, 0) // TEAM_SIZE + 1:03}"
    return "Activering" if people <= TEAM_SIZE or n <= TEAM_SIZE else f"Activering {n // TEAM_SIZE + 1}"


_DEMONSTRATION = {
    "ocmw-lindedal": "0123456749",
    "ocmw-waterhoek": "0876543270",
    VDAB: "0887010362",
    "partner-igo": "1000012392",
}


def _enterprise_number(slug: str, number: int) -> str:
    first = 7_000_000 + number * 13
    return _DEMONSTRATION.get(slug) or f"{first:08}{97 - first % 97:02}"


def _row(counsellor: Counsellor) -> tuple[str, ...]:
    return (
        counsellor.counsellor_id,
        counsellor.organisation_id,
        counsellor.name,
        counsellor.team,
        counsellor.function,
        counsellor.phone,
        counsellor.email,
        counsellor.person,
    )
