"""A referral in MAGDA's shape, both ways: one that comes becomes a request in a dossier, and a request is written."""

from datetime import date, datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from handover.access.guard import Visit
from handover.adapters.kit.contract import unfit_fields
from handover.adapters.vdab.inbound import CloudEvent, Misfit
from handover.adapters.vdab.toeleiding import Contact, Partner, Toeleiding, written
from handover.domain.codes import Capacity, OrganisationKind, Purpose, TargetGroup
from handover.domain.deadlines import local_day
from handover.domain.events import OpenDossier, PostEvent
from handover.domain.identity import birth_date_of
from handover.domain.kinds.handover import Requested
from handover.domain.policy import Action, Task
from handover.domain.refusals import InvalidField
from handover.exchange.door import RehearsalDoor, door_of
from handover.platform.ids import new_id
from handover.record.handle import Handled
from handover.record.handle import Request as WriteRequest
from handover.web.answers import NO_STORE
from handover.web.api.describing import PROBLEMS, scope
from handover.web.api.dossiers import check_ssin, writing
from handover.web.api.events import seen_event
from handover.web.api.moments import within_reach
from handover.web.asking import accepts, uuid_of
from handover.web.needs import Services, services_of
from handover.web.problems import OUT_OF_REACH, BadInput, HttpProblem, Issue, plain_name
from handover.web.visits import visit

router = APIRouter(prefix="/v1", tags=["Dossiers"], responses=PROBLEMS)
"""It checks `Accept` itself: what it answers is no JSON."""
_XML = "application/xml"
LONGEST_LINE = 200
_PARTNERS = {OrganisationKind.VDAB: "VDAB", OrganisationKind.OCMW: "OCMW"}


class _Request(msgspec.Struct, rename="camel"):
    """A request as its reader sees it: texts may be left out."""

    receiver: str
    purpose: Purpose
    contact: str
    summary: str = ""
    joint_talk_proposed_at: datetime | None = None


class _Event(msgspec.Struct, rename="camel"):
    type: str
    organisation: str
    data: msgspec.Raw
    thread_id: str = ""


@router.get(
    "/dossiers/{dossierId}/events/{eventId}/toeleiding",
    operation_id="readToeleiding",
    summary="A referral as MAGDA's RegistreerToeleiding",
    response_class=Response,
    responses={200: {"description": "The request in XML", "content": {_XML: {"schema": {"type": "string"}}}}},
    openapi_extra=scope("dossier:read"),
)
async def read_toeleiding(
    request: Request,
    dossierId: str,  # noqa: N803 - the name in the path
    eventId: str,  # noqa: N803 - the name in the path
) -> Response:
    """Give a `handover.requested` in the shape that Flemish services know, with the client's national number.

    What you may not see of it is left out.
    """
    if not accepts(request.headers.get("accept", "*/*"), _XML):
        raise HttpProblem(406, f"The answer is {_XML}. Send Accept: {_XML}.")
    if request.query_params:
        detail = "This query parameter is not known here. Leave it out."
        raise BadInput(
            *(Issue.of("unknownInput", detail, name=plain_name(n), where="query") for n in request.query_params)
        )
    asking = await visit(request, "dossier:read")
    services = services_of(request)
    known = uuid_of(dossierId)
    found = await services.reader.dossier(known) if known else None
    # The number and the name go with the dossier, and not with an event that one may still read after leaving.
    await services.guard.see(asking, Action.READ_DOSSIER, found[0] if found else None, known)
    _, event_id, body = await seen_event(services, asking, dossierId, eventId)
    event = msgspec.json.decode(body, type=_Event)
    if event.type != "handover.requested" or found is None:
        detail = "Only a handover.requested can be read as a toeleiding."
        raise InvalidField("eventId", detail, unknown_reference=True)
    (dossier, ssin), asked = found, msgspec.json.decode(event.data, type=_Request)
    toeleiding = Toeleiding(
        reference=str(event_id),
        toeleiding_id=event.thread_id,
        ssin=ssin,
        family_name=dossier.family_name,
        given_name=dossier.given_name,
        birth_date=dossier.birth_date,
        sender=_partner(services, event.organisation, asked.contact),
        receiver=_partner(services, asked.receiver),
        purpose=asked.purpose,
        explanation=asked.summary,
        appointment_at=asked.joint_talk_proposed_at,
    )
    sender = urlsplit(services.settings.base_url).hostname or ""
    return Response(written(toeleiding, at=services.clock.now(), sender=sender), 200, NO_STORE, _XML)


def _partner(services: Services, organisation_id: str, counsellor_id: str = "") -> Partner:
    directory = services.directory_now()
    organisation = directory.organisations[organisation_id]
    contact = directory.counsellors.get(counsellor_id)
    return Partner(
        kind=_PARTNERS.get(organisation.kind, "KBI"),
        enterprise_number=organisation.enterprise_number,
        name=organisation.name,
        contact=Contact(family_name=contact.name, phone=contact.phone, email=contact.email) if contact else None,
    )


async def referred(services: Services, asking: Visit, event: CloudEvent, toeleiding: Toeleiding) -> Handled:
    """Open or join the client's dossier, and request the handover in it; each once. Raises as they do, and Misfit."""
    own, fingerprint = asking.caller.organisation.organisation_id, event.fingerprint
    asked = WriteRequest(key=event.key, fingerprint=fingerprint)
    if handled := await services.record.repeated(own, asked):
        return handled
    check_ssin(services, toeleiding.ssin)
    request = _request(services, asking, toeleiding)
    born = birth_date_of(toeleiding.ssin)
    birth_date = toeleiding.birth_date or born
    if not (toeleiding.given_name and toeleiding.family_name and birth_date):
        raise Misfit("data", "Personalia: Naam, Voornaam and Geboortedatum are needed to find the right dossier.")
    _check(services, request, birth_date, toeleiding, event)
    opening = OpenDossier(
        command_id=new_id(),
        dossier_id=new_id(),
        caller=asking.caller,
        given_name=toeleiding.given_name,
        family_name=toeleiding.family_name,
        birth_date=birth_date,
        # The message does not say. Who directs is then VDAB, which refers: the OCMW states it otherwise when it is.
        target_group=TargetGroup.JOB_SEEKER,
        capacity=Capacity.JOB_SEEKER,
        legal_basis_id=request.legal_basis_id,
        ssin_birth_date=born,
    )

    def requested(dossier_id: UUID) -> PostEvent:
        return PostEvent(
            command_id=new_id(),
            dossier_id=dossier_id,
            caller=asking.caller,
            type="handover.requested",
            data=request,
            occurred_at=event.time,
        )

    # Both or neither: what the request would be refused for is found out before the dossier is opened or joined.
    trying = RehearsalDoor(real=door_of(services), directory=services.directory_now)
    tried = await trying.submit(opening, key="", ssin=toeleiding.ssin)
    await trying.submit(requested(tried.dossier.dossier_id), key="")
    at = services.clock.now()
    first = WriteRequest(key=f"{event.key}/open", fingerprint=fingerprint, ssin=toeleiding.ssin)
    dossier_id = (await services.record.handle(opening, first, at=at)).dossier.dossier_id
    async with writing(services, asking, dossier_id, asked) as checked:
        handled = await services.record.handle(requested(dossier_id), checked, at=at)
    await services.guard.shown(asking, Task.OPEN_DOSSIER, {dossier_id: request.legal_basis_id})
    return handled


def _check(services: Services, request: Requested, birth_date: date, toeleiding: Toeleiding, event: CloudEvent) -> None:
    """Hold what was read against the limits that the API has. Raises Misfit."""
    if birth_date > local_day(services.clock.now()):
        raise Misfit("data", "Personalia: a birth date cannot lie in the future.")
    moments = [m for m in (birth_date, event.time, toeleiding.appointment_at) if m is not None]
    if not all(within_reach(moment) for moment in moments):
        raise Misfit("data", OUT_OF_REACH)
    if any(len(name) > LONGEST_LINE for name in (toeleiding.given_name, toeleiding.family_name)):
        raise Misfit("data", f"Personalia: Naam and Voornaam have at most {LONGEST_LINE} characters each.")
    if any(unfit_fields(request)):
        raise Misfit("data", "RedenOmschrijving is too long, or Van has no ContactPersoon that is known here.")


def _request(services: Services, asking: Visit, toeleiding: Toeleiding) -> Requested:
    """Give the request. Raises Misfit for what does not say enough."""
    directory, own = services.directory_now(), asking.caller.organisation
    if toeleiding.sender.enterprise_number != own.enterprise_number:
        raise Misfit("data", "Van/KboNummer is not that of the organisation that signed.")
    by_number = {one.enterprise_number: one for one in directory.organisations.values()}
    receiver = by_number.get(toeleiding.receiver.enterprise_number)
    if receiver is None or receiver is own:
        raise Misfit("data", "Naar/KboNummer: nobody else here has this number. See GET /v1/organisations.")
    today = local_day(services.clock.now())
    purpose = toeleiding.purpose or Purpose.SOCIAL_SUPPORT
    bases = [
        name
        for name, basis in sorted(directory.legal_bases.items())
        if basis.in_force(today) and purpose in basis.purposes
    ]
    if not bases:
        raise Misfit("data", "No legal basis allows this purpose today. See GET /v1/refData/legalBases.")
    contact = toeleiding.sender.contact
    named = {
        one.counsellor_id
        for one in directory.counsellors_of(own.organisation_id)
        if contact and ((contact.email and one.email == contact.email) or one.name == contact.family_name)
    }
    text = "\n".join(part for part in (toeleiding.reason, toeleiding.explanation) if part)
    return Requested(
        receiver=receiver.organisation_id,
        purpose=purpose,
        summary=text or "RegistreerToeleiding",
        contact=next(iter(sorted(named)), own.coordinator),
        legal_basis_id=bases[0],
        joint_talk_proposed_at=toeleiding.appointment_at,
    )
