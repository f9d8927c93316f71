"""Opening or joining a dossier, and who directs it (Pact, chapter 3)."""

from collections.abc import Iterator
from datetime import datetime

from handover.domain.codes import Capacity, LeadKind, OrganisationKind, TargetGroup
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.events import OpenDossier
from handover.domain.fields import Payload
from handover.domain.identity import same_name
from handover.domain.kinds.dossier import CounsellorAssigned, InscriptionOpened, Opened
from handover.domain.parties import Directory
from handover.domain.refusals import IdentityMismatch, InvalidField, InvitationNeeded, PurposeNotAllowed

LEAD_BY_TARGET_GROUP = {
    TargetGroup.LIVING_WAGE: LeadKind.OCMW,
    TargetGroup.EQUIVALENT_LIVING_WAGE: LeadKind.OCMW,
    TargetGroup.EMPLOYED_THROUGH_OCMW: LeadKind.OCMW,
    TargetGroup.JOB_SEEKER_MULTIPLE_PROBLEMS: LeadKind.VDAB,
    TargetGroup.JOB_SEEKER: LeadKind.VDAB,
    TargetGroup.INACTIVE_WITHOUT_BENEFIT: None,
    TargetGroup.INACTIVE_WITH_BENEFIT: LeadKind.EXTERNAL,
}
"""Who directs; None: either side, chosen explicitly."""

CAPACITIES = {
    OrganisationKind.OCMW: frozenset(
        {
            Capacity.UNDER_INQUIRY,
            Capacity.LIVING_WAGE,
            Capacity.EQUIVALENT_LIVING_WAGE,
            Capacity.OTHER_AID,
            Capacity.EMPLOYED_THROUGH_OCMW,
            Capacity.OTHER_GUIDANCE,
        }
    ),
    OrganisationKind.VDAB: frozenset({Capacity.JOB_SEEKER}),
    OrganisationKind.PARTNER: frozenset({Capacity.ACTION_PARTNER}),
}
"""In which capacities each kind of organisation can know a client."""


def open_or_join(
    dossier: Dossier | None, command: OpenDossier, directory: Directory, *, at: datetime
) -> Iterator[tuple[str, Payload]]:
    """Give the events of opening (no dossier yet) or joining; none when the caller is in already.

    Raises InvitationNeeded for a partner, PurposeNotAllowed without a legal basis in force,
    IdentityMismatch when name or birth date differ from the dossier, InvalidField.
    """
    organisation = command.caller.organisation
    if organisation.kind is OrganisationKind.PARTNER:
        raise InvitationNeeded
    basis = directory.legal_bases.get(command.legal_basis_id)
    if basis is None:
        raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
    if not basis.in_force(local_day(at)):
        raise PurposeNotAllowed
    if command.capacity not in CAPACITIES[organisation.kind]:
        allowed = ", ".join(sorted(str(c) for c in CAPACITIES[organisation.kind]))
        raise InvalidField("capacity", f"Your organisation can know a client as: {allowed}.")
    if dossier is None:
        yield "dossier.opened", _opened(command)
    elif not _same_person(dossier, command):
        raise IdentityMismatch
    elif dossier.inscription_of(organisation.organisation_id):
        return
    # A second OCMW (the client moved) sees what happens from its join on; more needs a handover.
    second = organisation.kind is OrganisationKind.OCMW and any(
        i.kind is OrganisationKind.OCMW and i.organisation != organisation.organisation_id
        for i in (dossier.inscriptions if dossier else ())
    )
    yield (
        "dossier.inscriptionOpened",
        InscriptionOpened(
            organisation=organisation.organisation_id,
            organisation_kind=organisation.kind,
            capacity=command.capacity,
            legal_basis_id=command.legal_basis_id,
            sees_from=dossier.version + 1 if dossier and second else 1,
        ),
    )
    if command.caller.counsellor_id:
        yield "dossier.counsellorAssigned", CounsellorAssigned(counsellor=command.caller.counsellor_id)


def _same_person(dossier: Dossier, command: OpenDossier) -> bool:
    return (
        dossier.birth_date == command.birth_date
        and same_name(dossier.family_name, command.family_name)
        and same_name(dossier.given_name, command.given_name)
    )


def _opened(command: OpenDossier) -> Opened:
    lead = LEAD_BY_TARGET_GROUP[command.target_group]
    if lead is None:
        if command.lead not in {LeadKind.OCMW, LeadKind.VDAB}:
            raise InvalidField("lead", "For this target group say who directs: ocmw or vdab.")
        lead = command.lead
    elif command.lead is not None and command.lead is not lead:
        raise InvalidField("lead", f"For this target group the lead is {lead}.")
    if lead is LeadKind.EXTERNAL and not command.lead_name:
        raise InvalidField("leadName", "Name the paying body that directs.")
    if lead is not LeadKind.EXTERNAL and command.lead_name:
        raise InvalidField("leadName", "Only an external lead has a name of its own.")
    return Opened(
        given_name=command.given_name,
        family_name=command.family_name,
        birth_date=command.birth_date,
        target_group=command.target_group,
        lead=lead,
        lead_name=command.lead_name or None,
    )
