"""What VDAB's software sends us of itself: signed CloudEvents, one or several, each answered for itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from handover.access.denials import Denial
from handover.access.guard import Visit
from handover.access.senders import SIGNED_WITH, NotSigned
from handover.adapters.vdab import inbound as vdab
from handover.adapters.vdab.inbound import CloudEvent, Misfit
from handover.domain.codes import OrganisationKind
from handover.domain.events import PostEvent
from handover.domain.refusals import InvalidField, Refusal, WrongState
from handover.platform.ids import new_id
from handover.platform.log import place_of
from handover.platform.walls import ask_for
from handover.record import codec
from handover.record.handle import Handled, KeyReused
from handover.record.handle import Request as WriteRequest
from handover.web.answers import answer, without_nulls
from handover.web.api.describing import PROBLEMS, gives
from handover.web.api.dossiers import writing
from handover.web.api.events import Posted, in_body
from handover.web.api.inbound_views import Taken, TakenEvents
from handover.web.api.posted import payload_of
from handover.web.api.toeleiding import referred
from handover.web.asking import refuse_unknown_query, too_many, uuid_of
from handover.web.needs import Services, services_of
from handover.web.problems import STATUS_OF_REFUSAL, BadInput, HttpProblem, Issue, Problem, problem_of
from handover.web.visits import visit_of

_log = structlog.stdlib.get_logger(__name__)
router = APIRouter(prefix="/v1", tags=["Inbound"], dependencies=[Depends(refuse_unknown_query)], responses=PROBLEMS)
_APPLICATION = "VDAB webhook"
_PLACES = {"threadId": "data.threadId", "occurredAt": "time", "ssin": "data"}
_REUSED_TITLE = "Another event has this name"
_REUSED = (
    "Something else was sent before under this source and id. An event keeps what it says: give a new one a new id."
)
_AWAY = 503
_COMES_LATER = {404, _AWAY}
_TOO_EARLY = STATUS_OF_REFUSAL[WrongState][1]
"""What another event, or another moment, may put right: the same event may be sent again then."""
_HEADERS = [
    {
        "name": f"webhook-{name}",
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }
    for name, description in (
        ("id", "Of this message; the same on every try."),
        ("timestamp", "When this try was made, in seconds; at most 5 minutes off."),
        (
            "signature",
            "`v1a,` and base64 of the ed25519 signature over id.timestamp.body; spaces between several.",
        ),
    )
]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one event: recorded, now or before, or the problem with it."""

    event_id: str
    handled: Handled | None = None
    problem: Problem | None = None
    is_ours: bool = False
    """The fault is on this side, and not with the event."""

    @property
    def status(self) -> int:
        """As HTTP would say it."""
        if self.problem is not None:
            return self.problem.status
        return 201

    def view(self) -> object:
        """Give it as it is answered."""
        found: dict[str, object] = {"id": self.event_id, "status": self.status}
        if self.handled is not None:
            found |= {"dossierId": self.handled.dossier.dossier_id, "repeated": self.handled.repeated}
            if self.handled.bodies:
                first = codec.decode_event(self.handled.bodies[0])
                found |= {"eventId": first.event_id, "threadId": first.thread_id}
        if self.problem is not None:
            found |= {
                "retry": self.problem.status in _COMES_LATER or self.problem.type == _TOO_EARLY,
                "problem": {
                    "type": self.problem.type,
                    "title": self.problem.title,
                    "status": self.problem.status,
                    "detail": self.problem.detail,
                    "issues": [msgspec.to_builtins(issue) for issue in self.problem.issues] or None,
                },
            }
        return without_nulls(found)


@router.post(
    "/inbound/vdab",
    operation_id="receiveFromVdab",
    summary="Take signed CloudEvents of VDAB's software",
    status_code=201,
    responses={
        201: gives(Taken, "One event, recorded, now or when it came before"),
        200: gives(TakenEvents, "A batch, with what became of each"),
    },
    openapi_extra={
        "security": [{"webhookSignature": []}],
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {
                vdab.SINGLE: {"schema": {"$ref": "#/components/schemas/VdabEvent"}},
                vdab.BATCH: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/VdabEvent"}}},
            },
        },
    },
)
async def receive_from_vdab(request: Request) -> Response:
    """Record what VDAB did; each event once, known by its `source` and `id`, however often it comes.

    `type` is one of ours with `vdab.` in front, `subject` the dossier, `data` holds `step`, and `threadId` where the
    step fits in several threads. Those of a batch are taken in the order of their `sequence`. An event that comes too
    early is refused with `retry`: send it again. A referral may come as MAGDA's RegistreerToeleiding
    (`datacontenttype` application/xml, `data` its text): it opens or joins the dossier of that number.
    """
    services = services_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {vdab.SINGLE, vdab.BATCH}:
        raise HttpProblem(415, f"Send {vdab.SINGLE}, or {vdab.BATCH} for several.")
    body = await request.body()
    asking = await _sender(request, services, body)
    try:
        events = vdab.split(body, batch=kind == vdab.BATCH)
    except Misfit as misfit:
        raise _bad(misfit) from None
    outcomes = await _all(services, asking, events)
    if kind == vdab.BATCH:
        here = f"{services.settings.base_url}/v1/inbound/vdab"
        return answer({"items": [one.view() for one in outcomes], "self": here})
    (only,) = outcomes
    return only.problem.response() if only.problem else answer(only.view(), only.status)


async def _sender(request: Request, services: Services, body: bytes) -> Visit:
    address = request.client.host if request.client else ""
    try:
        if any(len(request.headers.getlist(f"webhook-{name}")) > 1 for name in SIGNED_WITH):
            raise NotSigned
        caller = await services.senders.caller(OrganisationKind.VDAB, request.headers, body, _APPLICATION)
    except Denial:
        # Who signs is let in, whatever others did from the same address.
        if seconds := services.limits.must_wait(address):
            raise too_many(seconds, "Too many requests from this address were not let in.") from None
        services.limits.refused(address)
        raise
    ask_for(caller.organisation.organisation_id)
    if seconds := services.limits.asked(caller):
        raise too_many(seconds, "You send more often than this service takes from one client.")
    return visit_of(request, caller)


async def _all(services: Services, asking: Visit, events: Sequence[msgspec.Raw]) -> list[_Outcome]:
    read: list[CloudEvent | None] = []
    outcomes: dict[int, _Outcome] = {}
    for n, raw in enumerate(events):
        try:
            read.append(vdab.read(raw))
        except Misfit as misfit:
            read.append(None)
            outcomes[n] = _Outcome("", problem=problem_of(_bad(misfit)))
    away: Problem | None = None
    for n in vdab.in_order(read):
        event = read[n]
        if event is not None:
            # Once the database is away, the others need not each wait to find that out.
            outcomes[n] = _Outcome(event.id, problem=away) if away else await _one(services, asking, event)
            away = away or (outcomes[n].problem if outcomes[n].is_ours and outcomes[n].status == _AWAY else None)
    return [outcomes[n] for n in range(len(events))]


async def _one(services: Services, asking: Visit, event: CloudEvent) -> _Outcome:
    try:
        if vdab.is_referral(event):
            return _Outcome(event.id, await referred(services, asking, event, vdab.referral_of(event)))
        return _Outcome(event.id, await _recorded(services, asking, event))
    except Misfit as misfit:
        return _Outcome(event.id, problem=problem_of(_bad(misfit)))
    except KeyReused:
        problem = replace(problem_of(KeyReused()), title=_REUSED_TITLE, detail=_REUSED)
        return _Outcome(event.id, problem=problem)
    except (BadInput, Refusal) as error:
        return _Outcome(event.id, problem=_of_event(problem_of(error)))
    except Exception as error:  # noqa: BLE001 - one event is not to take the others of its batch with it
        _log.error("inbound_event_failed", error=type(error).__name__, place=place_of(error))
        return _Outcome(event.id, problem=problem_of(error), is_ours=True)


def _of_event(problem: Problem) -> Problem:
    """Name what is wrong by its place in the event, which is another than in a step that is posted."""
    issues = tuple(msgspec.structs.replace(issue, name=_place(issue.name)) for issue in problem.issues)
    return replace(problem, issues=issues)


def _place(name: str) -> str:
    if name.startswith("data."):
        return f"data.step.{name.removeprefix('data.')}"
    return _PLACES.get(name, name)


async def _recorded(services: Services, asking: Visit, event: CloudEvent) -> Handled:
    dossier_id = uuid_of(event.subject)
    if dossier_id is None:
        raise Misfit("subject", "Give the dossierId as the dossier is listed.")
    found = await services.reader.dossier(dossier_id)
    raw = vdab.posted(event, found[0] if found else None)
    posted, data = payload_of(raw, Posted)
    command = PostEvent(
        command_id=new_id(),
        dossier_id=dossier_id,
        caller=asking.caller,
        type=posted.type,
        data=data,
        thread_id=posted.thread_id,
        occurred_at=posted.occurred_at,
    )
    asked = WriteRequest(key=event.key, fingerprint=event.fingerprint)
    try:
        async with writing(services, asking, dossier_id, asked) as checked:
            return await services.record.handle(command, checked, at=services.clock.now())
    except InvalidField as error:
        raise in_body(error, data) from None


def _bad(misfit: Misfit) -> BadInput:
    return BadInput(Issue.of("schemaViolation", str(misfit), name=misfit.name))
