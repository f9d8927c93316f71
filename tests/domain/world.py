"""A dossier under test: commands are decided, and what was decided must be what the events fold to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, Purpose, TargetGroup
from handover.domain.decide import decide
from handover.domain.dossier import Dossier, fold
from handover.domain.events import Acknowledge, Command, Event, OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.parties import Actor, Caller, Counsellor, Directory, LegalBasis, Organisation, Party
from handover.domain.refusals import Refusal
from handover.domain.threads import Thread

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""A Monday, ten o'clock in Brussels; 11 November is past and Christmas is a month away."""
OCMW, VDAB, OTHER, PARTNER = "ocmw-lindedal", "vdab", "ocmw-waterhoek", "partner-igo"
OCMW_1, OCMW_2 = f"{OCMW}.trajectbegeleider-1", f"{OCMW}.trajectbegeleider-2"
VDAB_1, VDAB_2 = f"{VDAB}.bemiddelaar-1", f"{VDAB}.bemiddelaar-2"
VDAB_1_AGAIN = f"{VDAB}.bemiddelaar-1-team-zuid"
"""A second account of the same person as VDAB_1."""
OTHER_1, PARTNER_1 = f"{OTHER}.maatschappelijk-werker-1", f"{PARTNER}.begeleider-1"
KINDS = {
    OCMW: OrganisationKind.OCMW,
    VDAB: OrganisationKind.VDAB,
    OTHER: OrganisationKind.OCMW,
    PARTNER: OrganisationKind.PARTNER,
}
CAPACITIES = {
    OCMW: Capacity.LIVING_WAGE,
    VDAB: Capacity.JOB_SEEKER,
    OTHER: Capacity.OTHER_AID,
    PARTNER: Capacity.ACTION_PARTNER,
}
DOSSIER_ID = UUID(int=0xD0551E4)


def _directory() -> Directory:
    organisations = {
        slug: Organisation(
            organisation_id=slug,
            kind=kind,
            enterprise_number=f"{number:010}",
            name=slug,
            coordinator=f"{slug}.coordinator",
        )
        for number, (slug, kind) in enumerate(KINDS.items())
    }
    people = (
        OCMW_1,
        OCMW_2,
        VDAB_1,
        VDAB_1_AGAIN,
        VDAB_2,
        OTHER_1,
        PARTNER_1,
        *(o.coordinator for o in organisations.values()),
    )
    bases = (
        LegalBasis(
            legal_basis_id="demo-protocol",
            title="Demonstration",
            reference="demo:1",
            purposes=frozenset(Purpose),
            valid_from=date(2020, 1, 1),
        ),
        LegalBasis(
            legal_basis_id="training-only",
            title="Training",
            reference="demo:2",
            purposes=frozenset({Purpose.TRAINING}),
            valid_from=date(2020, 1, 1),
        ),
        LegalBasis(
            legal_basis_id="until-yesterday",
            title="Ended",
            reference="demo:3",
            purposes=frozenset(Purpose),
            valid_from=date(2020, 1, 1),
            valid_until=date(2026, 11, 22),
        ),
        LegalBasis(
            legal_basis_id="from-tomorrow",
            title="To come",
            reference="demo:4",
            purposes=frozenset(Purpose),
            valid_from=date(2026, 11, 24),
        ),
    )
    return Directory(
        organisations,
        {
            who: Counsellor(
                counsellor_id=who,
                organisation_id=who.partition(".")[0],
                name=who,
                team="Traject" if who.startswith(f"{OCMW}.traject") else "",
                person="person-1" if who.startswith(VDAB_1) else "",
            )
            for who in people
        },
        {basis.legal_basis_id: basis for basis in bases},
    )


DIRECTORY = _directory()


def caller(who: str) -> Caller:
    """A counsellor, or (without a dot) an organisation's application."""
    actor = Actor(name=who, counsellor_id=who) if "." in who else Actor(name=who, application=who)
    return Caller(organisation=DIRECTORY.organisations[who.partition(".")[0]], actor=actor)


def opening(who: str, **changes: Any) -> OpenDossier:  # noqa: ANN401 - any field of the command
    """A command that opens or joins the dossier of Voorbeeld Een."""
    fields: dict[str, Any] = {
        "command_id": UUID(int=1 << 64),
        "dossier_id": DOSSIER_ID,
        "caller": caller(who),
        "given_name": "Voorbeeld",
        "family_name": "Een",
        "birth_date": date(1980, 1, 1),
        "target_group": TargetGroup.LIVING_WAGE,
        "capacity": CAPACITIES[who.partition(".")[0]],
        "legal_basis_id": "demo-protocol",
    }
    return OpenDossier(**fields | changes)


def example(kind: str) -> Payload:
    """The example that is published for an event type."""
    return EVENT_TYPES[kind].rows[0].example


def said_by(kind: str, who: str, organisation: str, *, bare: bool = False) -> Payload:
    """The example, said by this person about that organisation; `bare`: only what is required."""
    data = example(kind)
    changes: dict[str, Any] = {}
    for field in structs.fields(data):
        if field.name in {"receiver", "lead", "organisation", "other_organisation"} and kind != "dossier.opened":
            changes[field.name] = organisation
        elif field.name == "other_counsellor":
            changes[field.name] = f"{organisation}.coordinator"
        elif field.name in {"contact", "counsellor", "replaced", "assessed_by", "decided_by"}:
            changes[field.name] = who
        if bare and not field.required:
            changes[field.name] = field.default
    return structs.replace(data, **changes)


class Case:
    """One dossier and everything that was recorded in it."""

    def __init__(self, directory: Directory | None = None) -> None:
        self.directory = directory or DIRECTORY
        self.at = AT
        self.events: list[Event] = []
        self.found: Dossier | None = None
        self._commands = 0

    @property
    def dossier(self) -> Dossier:
        assert self.found is not None
        return self.found

    @property
    def thread(self) -> Thread:
        """The thread that was opened last."""
        return list(self.dossier.threads.values())[-1]

    @property
    def turn(self) -> Party:
        """Who must act in the thread that was opened last."""
        assert self.thread.turn
        return self.thread.turn

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def open(self, who: str = OCMW_1, **changes: Any) -> tuple[Event, ...]:  # noqa: ANN401 - any field
        return self.run(opening(who, command_id=self.next_id(), **changes))

    def post(
        self,
        who: str,
        kind: str,
        data: Payload | None = None,
        *,
        thread: UUID | None = None,
        at: datetime | None = None,
        occurred_at: datetime | None = None,
    ) -> Event:
        self.at = at or self.at
        command = PostEvent(
            command_id=self.next_id(),
            dossier_id=self.dossier.dossier_id if self.found else DOSSIER_ID,
            caller=caller(who),
            type=kind,
            data=data or example(kind),
            thread_id=thread,
            occurred_at=occurred_at,
        )
        return self.run(command)[0]

    def acknowledge(self, who: str, thread: UUID | None = None) -> tuple[Event, ...]:
        return self.run(
            Acknowledge(
                command_id=self.next_id(),
                dossier_id=DOSSIER_ID,
                caller=caller(who),
                thread_id=thread or self.thread.thread_id,
                how="test",
            )
        )

    def run(self, command: Command) -> tuple[Event, ...]:
        """Decide; the state that comes with the decision must be the fold of the events."""
        before = self.found
        events, after = decide(before, command, self.directory, at=self.at, history=tuple(self.events))
        assert [e.sequence for e in events] == [n + 1 + (before.version if before else 0) for n in range(len(events))]
        self.events += events
        self.found = after
        assert fold(self.events) == after
        return events

    def refused(
        self,
        refusal: type[Refusal],
        who: str,
        kind: str,
        data: Payload | None = None,
        *,
        thread: UUID | None = None,
        **rest: Any,  # noqa: ANN401 - as for post
    ) -> Refusal:
        """Post what must be refused; nothing may have happened then."""
        before, count = self.found, len(self.events)
        with pytest.raises(refusal) as raised:
            self.post(who, kind, data, thread=thread, **rest)
        assert type(raised.value) is refusal
        assert (self.found, len(self.events)) == (before, count)
        assert raised.value.detail
        return raised.value

    def sees(self, organisation: str, sequence: int) -> bool:
        """Whether the organisation may read that event now."""
        event = self.events[sequence - 1]
        return self.dossier.place_to_see(organisation, sequence, event.type, event.thread_id) is not None

    def entitled(self, event: Event | int) -> frozenset[str]:
        """Whom an event (or the one at that sequence) goes to by itself."""
        return self.dossier.entitled_to(self.events[event - 1] if isinstance(event, int) else event)

    def later(self, **delta: float) -> None:
        self.at += timedelta(**delta)

    def next_id(self) -> UUID:
        self._commands += 1
        return UUID(int=(0x0190 << 112) + (self._commands << 64))


def external() -> dict[str, Any]:
    """Changes to an opening whose lead is a paying body."""
    return {"target_group": TargetGroup.INACTIVE_WITH_BENEFIT, "lead_name": "Ziekenfonds"}


def either(lead: LeadKind | None) -> dict[str, Any]:
    """Changes to an opening where either side may direct."""
    return {"target_group": TargetGroup.INACTIVE_WITHOUT_BENEFIT, "lead": lead}


def brussels(day: date) -> datetime:
    """The last second of a Brussels day in winter, in UTC."""
    return datetime(day.year, day.month, day.day, 22, 59, 59, tzinfo=UTC)
