"""What is offered can be posted by that party in that state, and what is not offered cannot."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from handover.domain import codes
from handover.domain.allowed import Step, allowed
from handover.domain.decide import decide
from handover.domain.dossier import Dossier
from handover.domain.events import OpenDossier, PostEvent
from handover.domain.fields import Payload
from handover.domain.kinds import EVENT_TYPES
from handover.domain.kinds import dossier as d
from handover.domain.kinds import follow_up as f
from handover.domain.kinds import handover as h
from handover.domain.kinds import intake as i
from handover.domain.parties import Actor, Caller, Counsellor, Directory, LegalBasis, Organisation
from handover.domain.refusals import DossierBusy, Refusal, UnknownThread, WrongParty, WrongState

AT = datetime(2026, 11, 20, 14, tzinfo=UTC)
ANY_ID = UUID(int=99 << 64)
DOSSIER = UUID("01a20000-0000-7000-8000-000000000000")
ORGANISATIONS = {
    slug: Organisation(
        organisation_id=slug,
        kind=kind,
        enterprise_number="0123456749",
        name=slug,
        coordinator=f"{slug}.coordinator",
    )
    for slug, kind in (
        ("ocmw-lindedal", codes.OrganisationKind.OCMW),
        ("ocmw-waterhoek", codes.OrganisationKind.OCMW),
        ("vdab", codes.OrganisationKind.VDAB),
        ("partner-igo", codes.OrganisationKind.PARTNER),
    )
}
PEOPLE = {
    "ocmw-lindedal": "trajectbegeleider-1",
    "ocmw-waterhoek": "maatschappelijk-werker-1",
    "vdab": "bemiddelaar-1",
    "partner-igo": "begeleider-1",
}
DIRECTORY = Directory(
    ORGANISATIONS,
    {
        f"{slug}.{name}": Counsellor(counsellor_id=f"{slug}.{name}", organisation_id=slug, name=name)
        for slug in ORGANISATIONS
        for name in (PEOPLE[slug], PEOPLE[slug].replace("-1", "-2"), "coordinator")
    },
    {
        "demo-protocol": LegalBasis(
            legal_basis_id="demo-protocol",
            title="Voorbeeldprotocol",
            reference="demo:1",
            purposes=frozenset(codes.Purpose),
            valid_from=date(2020, 1, 1),
        )
    },
)
OCMW, VDAB, PARTNER = "ocmw-lindedal", "vdab", "partner-igo"


def caller(slug: str) -> Caller:
    actor = Actor(name=PEOPLE[slug], counsellor_id=f"{slug}.{PEOPLE[slug]}")
    return Caller(organisation=ORGANISATIONS[slug], actor=actor)


def example(name: str) -> Payload:
    return EVENT_TYPES[name].rows[0].example


def dossier_after(steps: Sequence[tuple[str, str, Payload]]) -> Dossier:
    opening = OpenDossier(
        command_id=UUID(int=1 << 64),
        dossier_id=DOSSIER,
        caller=caller(OCMW),
        given_name="Voorbeeld",
        family_name="Een",
        birth_date=date(1980, 1, 1),
        target_group=codes.TargetGroup.LIVING_WAGE,
        capacity=codes.Capacity.LIVING_WAGE,
        legal_basis_id="demo-protocol",
    )
    _, state = decide(None, opening, DIRECTORY, at=AT)
    for n, (who, name, data) in enumerate(steps, start=2):
        state = post(state, who, name, data, command_id=UUID(int=n << 64))
    return state


def post(
    state: Dossier,
    who: str,
    name: str,
    data: Payload,
    thread_id: UUID | None = None,
    *,
    command_id: UUID = ANY_ID,
) -> Dossier:
    command = PostEvent(
        command_id=command_id,
        dossier_id=DOSSIER,
        caller=caller(who),
        type=name,
        data=data,
        thread_id=thread_id,
    )
    return decide(state, command, DIRECTORY, at=AT)[1]


REQUESTED = (OCMW, "handover.requested", example("handover.requested"))
ACCEPTED = (
    VDAB,
    "handover.accepted",
    h.Accepted(counsellor="vdab.bemiddelaar-1", reached_by=codes.ContactMeans.PHONE),
)
CONTACTED = (VDAB, "handover.contacted", example("handover.contacted"))
STATES: dict[str, tuple[tuple[str, str, Payload], ...]] = {
    "fresh": (),
    "requested": (REQUESTED,),
    "accepted": (REQUESTED, ACCEPTED),
    "in progress": (REQUESTED, ACCEPTED, CONTACTED),
    "on hold": (REQUESTED, ACCEPTED, CONTACTED, (VDAB, "handover.held", example("handover.held"))),
    "failed": (REQUESTED, ACCEPTED, (VDAB, "handover.failed", example("handover.failed"))),
    "rejected": (REQUESTED, (VDAB, "handover.rejected", example("handover.rejected"))),
    "two referrals": (
        REQUESTED,
        ACCEPTED,
        (OCMW, "handover.requested", replace(h.HANDOVER.table[0].example, receiver=PARTNER)),
    ),
    "lead asked": (REQUESTED, (OCMW, "dossier.leadChanged", d.LeadChanged(lead="vdab", why="Zoekt werk."))),
    "much at once": (
        REQUESTED,
        ACCEPTED,
        (OCMW, "intake.planned", example("intake.planned")),
        (OCMW, "followUp.art60Started", example("followUp.art60Started")),
        (VDAB, "followUp.planAgreed", f.PlanAgreed(title="Plan", starts_on=date(2026, 11, 1))),
        (OCMW, "followUp.appointmentPlanned", example("followUp.appointmentPlanned")),
        (OCMW, "followUp.unattended", example("followUp.unattended")),
    ),
    "intake done": ((OCMW, "intake.recorded", i.INTAKE.table[1].example),),
    "closed": ((OCMW, "dossier.closed", example("dossier.closed")),),
}


def _refused(state: Dossier, who: str, step: Step) -> type[Refusal] | None:
    try:
        post(state, who, step[0], _fitting(who, step[0]), step[1])
    except Refusal as refusal:
        return type(refusal)
    return None


def _fitting(who: str, name: str) -> Payload:
    """The example, naming people and organisations that this party may name."""
    data, own = example(name), f"{who}.{PEOPLE[who]}"
    for field in ("counsellor", "contact", "replaced"):
        if getattr(data, field, None) is not None:
            data = replace(data, **{field: own})
    if getattr(data, "receiver", None) == who:
        data = replace(data, receiver=OCMW)
    if isinstance(data, d.LeadChanged):
        data = replace(data, lead=VDAB if who == OCMW else OCMW)
    if isinstance(data, d.InscriptionClosed):
        data = replace(data, organisation=who)
    return data


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("who", [OCMW, VDAB, PARTNER, "ocmw-waterhoek"])
def test_offered_is_accepted_and_not_offered_is_refused(name: str, who: str) -> None:
    state = dossier_after(STATES[name])
    offered = set(allowed(state, caller(who)))
    for step in offered:
        # Whom the data names counts too: an organisation that open threads need cannot leave.
        late = {DossierBusy} if step[0] == "dossier.inscriptionClosed" else set()
        assert _refused(state, who, step) in {None, *late}, step
    for step in _comparable(state):
        if step not in offered:
            assert _refused(state, who, step) is not None, step


def _comparable(state: Dossier) -> list[Step]:
    """Every step where its place says all: without a thread, the one that fits would be meant."""
    found: list[Step] = []
    for name, event_type in EVENT_TYPES.items():
        if not any(row.starts for row in event_type.rows):
            found.append((name, None))
        if not any(row.opens or row.on_dossier for row in event_type.rows):
            found += [(name, thread_id) for thread_id in state.threads]
    return found


def test_who_does_what_on_the_road() -> None:
    state = dossier_after(STATES["requested"])
    (thread_id,) = state.threads
    for_vdab = [name for name, place in allowed(state, caller(VDAB)) if place == thread_id]
    assert for_vdab == ["handover.accepted", "handover.rejected"]
    assert [name for name, place in allowed(state, caller(OCMW)) if place == thread_id] == [
        "handover.cancelled"
    ]


def test_a_stranger_and_a_closed_dossier() -> None:
    assert allowed(dossier_after(()), caller("ocmw-waterhoek")) == []
    assert allowed(dossier_after(STATES["closed"]), caller(OCMW)) == [("dossier.reopened", None)]
    assert ("dossier.closed", None) not in allowed(dossier_after(STATES["requested"]), caller(OCMW))


def test_refusals_of_what_is_not_offered_are_about_party_or_state() -> None:
    state = dossier_after(STATES["requested"])
    (thread_id,) = state.threads
    assert _refused(state, OCMW, ("handover.accepted", thread_id)) is WrongParty
    assert _refused(state, VDAB, ("handover.completed", thread_id)) is WrongState
    assert _refused(state, VDAB, ("intake.updated", thread_id)) is UnknownThread
