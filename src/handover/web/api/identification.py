"""Identification with wrong information: is this the person whom that number stands for, and if not, what differs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.dossier import Dossier
from handover.domain.identity import same_name
from handover.domain.policy import Task
from handover.domain.refusals import InvalidField, InvitationNeeded, PurposeNotAllowed
from handover.web.answers import answer
from handover.web.api.describing import PROBLEMS, gives, takes
from handover.web.api.dossiers import check_ssin
from handover.web.api.models import Body, Line, Ssin
from handover.web.api.moments import ReachableDay
from handover.web.api.views import View
from handover.web.asking import body_of, refuse_unknown_query, too_many
from handover.web.needs import services_of
from handover.web.visits import visit

router = APIRouter(
    prefix="/v1/identifications", tags=["Dossiers"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS
)
Differs = Literal["givenName", "familyName", "birthDate"]


class PersonToIdentify(Body):
    """What you know of a person. Nothing of it travels in an address, and nothing of it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ssin": "80010100107",
                "givenName": "Voorbeeld",
                "familyName": "Een",
                "birthDate": "1980-01-01",
                "legalBasisId": "demo-protocol",
            }
        }
    )

    ssin: Ssin
    given_name: Line
    family_name: Line
    birth_date: ReachableDay
    legal_basis_id: Line = Field(description="An entry of /v1/refData/legalBases: what you ask this on")


class Identification(View):
    """What came of it. `differs`: which fields, never what is known instead."""

    result: Literal["match", "mismatch", "unknown"]
    differs: Annotated[list[Differs] | None, Field(description="Only with mismatch")] = None


@router.post(
    "/search",
    operation_id="identifyPerson",
    summary="Compare a person's number, name and birth date with what is known",
    responses={200: gives(Identification, "Whether they belong together")},
    openapi_extra=takes(PersonToIdentify, scope_name="dossier:read"),
)
async def identify_person(request: Request) -> Response:
    """Say `match`, `mismatch` with the fields that differ, or `unknown`; give nothing of what is known away.

    For an OCMW or VDAB with a legal basis in force, ten times an hour for one person. Every question is logged.
    """
    asking = await visit(request, "dossier:read", Task.IDENTIFY_PERSON)
    services = services_of(request)
    body, _ = await body_of(request, PersonToIdentify)
    check_ssin(services, body.ssin)
    organisation = asking.caller.organisation
    if organisation.kind is OrganisationKind.PARTNER:
        raise InvitationNeeded
    basis = services.directory_now().legal_bases.get(body.legal_basis_id)
    if basis is None:
        raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
    if not basis.in_force(local_day(services.clock.now())):
        raise PurposeNotAllowed
    if seconds := services.limits.identified(organisation.organisation_id, services.reader.mark_of(body.ssin)):
        raise too_many(seconds, "Your organisation asked about this person too often.")
    found = await services.reader.find(body.ssin)
    differs = _differs(found[0], body) if found else []
    dossier_id = found[0].dossier_id if found else None
    match = found is not None and not differs
    await services.guard.identified(asking, dossier_id, body.legal_basis_id, match=match)
    result = "match" if match else "mismatch" if found else "unknown"
    return answer({"result": result} | ({"differs": differs} if differs else {}))


def _differs(dossier: Dossier, body: PersonToIdentify) -> list[Differs]:
    found: list[Differs] = []
    if not same_name(dossier.given_name, body.given_name):
        found.append("givenName")
    if not same_name(dossier.family_name, body.family_name):
        found.append("familyName")
    if dossier.birth_date != body.birth_date:
        found.append("birthDate")
    return found
