"""Two organisations with a real record and a real inbox; steps are posted as the API would."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from handover.domain.codes import Capacity, OrganisationKind, Purpose, TargetGroup
from handover.domain.events import Acknowledge, OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor, Caller, Counsellor, Directory, LegalBasis, Organisation
from handover.inbox.projector import Projector
from handover.inbox.views import Group, Inbox, InboxItem
from handover.platform.ids import new_id
from handover.platform.walls import Walled, asking_for
from handover.record.handle import Handled, Record, Request
from handover.record.reading import Reader
from handover.record.sealing import DossierKey, Sealer

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
OCMW, VDAB, OTHER = "ocmw-lindedal", "vdab", "ocmw-waterhoek"
OCMW_1, OCMW_2 = "ocmw-lindedal.trajectbegeleider-1", "ocmw-lindedal.trajectbegeleider-2"
VDAB_1, VDAB_C = "vdab.bemiddelaar-1", "vdab.coordinator"
OTHER_1 = "ocmw-waterhoek.trajectbegeleider-1"

SEALER = Sealer(seal_key=b"1" * 32, ssin_key=b"2" * 32)


def _directory() -> Directory:
    organisations = [
        Organisation(
            organisation_id=slug,
            kind=kind,
            enterprise_number=number,
            name=slug,
            coordinator=f"{slug}.coordinator",
        )
        for slug, kind, number in (
            (OCMW, OrganisationKind.OCMW, "0123456749"),
            (VDAB, OrganisationKind.VDAB, "0876543270"),
            (OTHER, OrganisationKind.OCMW, "0222222226"),
        )
    ]
    counsellors = [
        Counsellor(counsellor_id=one, organisation_id=one.partition(".")[0], name=one)
        for one in (OCMW_1, OCMW_2, VDAB_1, VDAB_C, OTHER_1)
    ]
    basis = LegalBasis(
        legal_basis_id="demo-protocol",
        title="Demonstration",
        reference="",
        purposes=frozenset(Purpose),
        valid_from=date(2020, 1, 1),
    )
    return Directory(
        {o.organisation_id: o for o in organisations},
        {c.counsellor_id: c for c in counsellors},
        {basis.legal_basis_id: basis},
    )


class AskingInbox(Inbox):
    """The inbox, behind the wall: each question is asked for the organisation that it names."""

    async def items(self, organisation: str, *arguments: Any, **named: Any) -> list[InboxItem]:  # noqa: ANN401 - as it takes them
        """As the inbox does."""
        with asking_for([organisation]):
            return await super().items(organisation, *arguments, **named)

    async def seen(self, organisation: str, *arguments: Any) -> None:  # noqa: ANN401 - the same
        """As the inbox does."""
        with asking_for([organisation]):
            await super().seen(organisation, *arguments)

    async def unseen_counts(self, organisation: str, *arguments: Any) -> dict[UUID, int]:  # noqa: ANN401 - the same
        """As the inbox does."""
        with asking_for([organisation]):
            return await super().unseen_counts(organisation, *arguments)


class World:
    """What the tests act on. `at` is the moment of the next step, one minute after the one before."""

    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        self.dsn = dsn
        self.pool = pool
        self.directory = _directory()
        self.woken = 0
        self.record = Record(pool, pool, SEALER, lambda: self.directory, self._wake)
        self.reader = Reader(pool, SEALER)
        self.inbox = AskingInbox(Walled(pool), SEALER)
        self.projector = Projector(pool, dsn, SEALER)
        self.at = AT
        self._people = 0

    def _wake(self) -> None:
        self.woken += 1

    async def key(self, dossier_id: UUID) -> DossierKey:
        """The keys of a dossier, to look under what is stored."""
        query = "SELECT content || confidential FROM keys.dossier_key WHERE dossier_id = $1"
        return SEALER.dossier(dossier_id, await self.pool.fetchval(query, dossier_id))

    def caller(self, who: str) -> Caller:
        """A counsellor, or an organisation's application."""
        organisation = self.directory.organisations[who.partition(".")[0]]
        actor = Actor(name=who, counsellor_id=who) if "." in who else Actor(name=who, application=who)
        return Caller(organisation=organisation, actor=actor)

    async def open(self, who: str = OCMW_1, *, person: int | None = None) -> UUID:
        """Open the dossier of a person, or join it; another person each time none is given."""
        self._people += 1
        command = OpenDossier(
            command_id=new_id(),
            dossier_id=new_id(),
            caller=self.caller(who),
            given_name="Voorbeeld",
            family_name="Een",
            birth_date=date(1980, 1, 1),
            target_group=TargetGroup.LIVING_WAGE,
            capacity=Capacity.JOB_SEEKER if who.startswith(VDAB) else Capacity.LIVING_WAGE,
            legal_basis_id="demo-protocol",
        )
        ssin = f"{person or 10**6 + self._people:011d}"
        return (await self.record.handle(command, Request(ssin=ssin), at=self._now())).dossier.dossier_id

    async def post(
        self,
        dossier_id: UUID,
        who: str,
        kind: str,
        data: Payload | None = None,
        *,
        thread: UUID | None = None,
    ) -> Handled:
        """Post a step, by default the example that the API publishes for it."""
        command = PostEvent(
            command_id=new_id(),
            dossier_id=dossier_id,
            caller=self.caller(who),
            type=kind,
            data=data or EVENT_TYPES[kind].rows[0].example,
            thread_id=thread,
        )
        return await self.record.handle(command, Request(), at=self._now())

    async def acknowledge(self, dossier_id: UUID, who: str, thread: UUID) -> Handled:
        """Let the receiver's system say that it has the referral."""
        command = Acknowledge(
            command_id=new_id(), dossier_id=dossier_id, caller=self.caller(who), thread_id=thread, how="test"
        )
        return await self.record.handle(command, Request(), at=self._now())

    async def look(
        self, organisation: str, counsellor: str | None, *, at: datetime | None = None, team: bool = False
    ) -> dict[Group, list[InboxItem]]:
        """The three groups as they stand once everything is projected."""
        await self.projector.catch_up()
        items = await self.inbox.items(organisation, counsellor, at=at or self.at, team=team)
        return {group: [item for item in items if item.group is group] for group in Group}

    def _now(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at
