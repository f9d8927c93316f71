"""How a caller stands to a dossier: who works with the client, who is called, who was there before."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace as changed

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.dossier import Contact, Dossier, Inscription, Lead
from handover.domain.parties import Actor, Caller, Counsellor, Directory, Organisation, Party
from handover.domain.policy import Relation, Role
from handover.domain.relations import relation_of, roles_of
from handover.domain.threads import Status, Thread

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
OCMW = Organisation(
    organisation_id="ocmw", kind=OrganisationKind.OCMW, enterprise_number="1", name="OCMW", coordinator="boss"
)
_TEAMS = {"ann": "north", "bob": "north", "cas": "south", "dee": "", "eva": "", "boss": "boss"}
DIRECTORY = Directory(
    {"ocmw": OCMW},
    {who: Counsellor(counsellor_id=who, organisation_id="ocmw", name=who, team=t) for who, t in _TEAMS.items()},
)
INSCRIBED = Inscription(
    organisation="ocmw",
    kind=OrganisationKind.OCMW,
    capacity=Capacity.LIVING_WAGE,
    legal_basis_id="basis",
    since=AT,
    entered=1,
    sees_from=1,
)
CLOSED = changed(INSCRIBED, until=AT, sees_until=5)
EMPTY = Dossier(
    dossier_id=UUID(int=1),
    version=5,
    given_name="",
    family_name="",
    birth_date=date(1980, 1, 1),
    target_group=TargetGroup.LIVING_WAGE,
    lead=Lead(kind=LeadKind.OCMW),
    opened_at=AT,
    changed_at=AT,
    inscriptions=(INSCRIBED,),
)


def caller(who: str, *roles: str) -> Caller:
    actor = Actor(name=who, counsellor_id=who) if who else Actor(name="software", application="software")
    return Caller(organisation=OCMW, actor=actor, roles=frozenset(roles))


def with_contacts(*names: str, until: datetime | None = None, dossier: Dossier = EMPTY) -> Dossier:
    contacts = tuple(Contact(organisation="ocmw", counsellor=name, since=AT, until=until) for name in names)
    return changed(dossier, contacts=(*dossier.contacts, *contacts))


def with_thread(dossier: Dossier, **fields: object) -> Dossier:
    thread = Thread(
        thread_id=UUID(int=2),
        kind="handover",
        status=Status.REQUESTED,
        sender=Party(organisation="vdab", counsellor="zoe"),
        opened_at=AT,
        since=AT,
        last_type="handover.requested",
        correlation_id=UUID(int=2),
    )
    return changed(dossier, threads={thread.thread_id: changed(thread, **fields)})


def stands(dossier: Dossier | None, who: str) -> Relation:
    return relation_of(dossier, caller(who), DIRECTORY)


def test_while_nobody_is_assigned_everybody_is() -> None:
    for who in _TEAMS:
        assert stands(EMPTY, who) is Relation.ASSIGNED
        assert stands(with_contacts("somebody who left"), who) is Relation.ASSIGNED
        assert stands(with_contacts("cas", until=AT), who) is Relation.ASSIGNED, "a contact of before"


@pytest.mark.parametrize(("who", "relation"), [("ann", "assigned"), ("bob", "assigned"), ("cas", "inscribed")])
def test_a_contact_and_their_team_are_assigned(who: str, relation: str) -> None:
    assert stands(with_contacts("ann"), who) == relation


def test_no_team_is_nobodys_team() -> None:
    assert stands(with_contacts("dee"), "dee") is Relation.ASSIGNED
    assert stands(with_contacts("dee"), "eva") is Relation.INSCRIBED


def test_a_party_of_an_open_thread_is_assigned_and_of_an_ended_one_is_not() -> None:
    party = Party(organisation="ocmw", counsellor="cas")
    assert stands(with_thread(EMPTY, receiver=party), "ann") is Relation.INSCRIBED
    assert stands(with_thread(with_contacts("ann"), receiver=party), "cas") is Relation.ASSIGNED
    assert stands(with_thread(with_contacts("ann"), receiver=party, status=Status.COMPLETED), "cas") == "inscribed"


@pytest.mark.parametrize("field", ["turn", "escalated", "team", "lead"])
def test_who_is_called_can_look(field: str) -> None:
    cas, team = Party(organisation="ocmw", counsellor="cas"), Party(organisation="ocmw", team="south")
    dossier = with_contacts("ann")
    called = {
        "turn": with_thread(dossier, turn=cas),
        "escalated": with_thread(dossier, escalated=(cas,)),
        "team": with_thread(dossier, turn=team),
        "lead": changed(dossier, lead=Lead(kind=LeadKind.OCMW, organisation="ocmw", counsellor="cas")),
    }[field]
    assert stands(dossier, "cas") is Relation.INSCRIBED
    assert stands(called, "cas") is Relation.ASSIGNED
    assert stands(called, "eva") is Relation.INSCRIBED


def test_a_party_of_another_organisation_is_not_ours() -> None:
    theirs = Party(organisation="vdab", counsellor="cas", team="south")
    assert stands(with_thread(with_contacts("ann"), turn=theirs, receiver=theirs), "cas") is Relation.INSCRIBED


def test_a_broken_glass_counts_for_who_is_inscribed_only() -> None:
    dossier = with_contacts("ann")
    for who, relation in (("cas", Relation.BROKEN_GLASS), ("ann", Relation.ASSIGNED)):
        assert relation_of(dossier, caller(who), DIRECTORY, broken_glass=True) is relation
    gone = changed(dossier, inscriptions=(CLOSED,))
    assert relation_of(gone, caller("cas"), DIRECTORY, broken_glass=True) is Relation.OUTSIDE
    assert relation_of(None, caller("cas"), DIRECTORY, broken_glass=True) is Relation.OUTSIDE


def test_before_is_for_who_worked_with_the_client_then_and_for_the_whole_organisation() -> None:
    gone = changed(with_contacts("ann", until=AT), inscriptions=(CLOSED,))
    expected = {"ann": "former", "bob": "former", "cas": "outside", "boss": "former", "": "former"}
    assert {who: str(stands(gone, who)) for who in expected} == expected
    assert stands(changed(gone, inscriptions=(CLOSED, INSCRIBED)), "cas") is Relation.ASSIGNED


def test_a_dossier_of_others_is_outside() -> None:
    others = changed(EMPTY, inscriptions=(changed(INSCRIBED, organisation="vdab"),))
    assert {stands(dossier, who) for dossier in (others, None) for who in _TEAMS} == {Relation.OUTSIDE}


def test_roles_by_who_one_is_unless_the_token_says() -> None:
    assert roles_of(caller("ann")) == {Role.COUNSELLOR}
    assert roles_of(caller("boss")) == {Role.COUNSELLOR, Role.COORDINATOR}
    assert roles_of(caller("")) == {Role.INTEGRATION}
    assert roles_of(caller("boss", "dataProtectionOfficer")) == {Role.DATA_PROTECTION_OFFICER}
    assert roles_of(caller("ann", "administrator", "janitor")) == {Role.ADMINISTRATOR}
    assert roles_of(caller("ann", "janitor")) == frozenset()
    assert roles_of(replace(caller("ann"), roles=frozenset({"Counsellor"}))) == frozenset(), "to the letter"
