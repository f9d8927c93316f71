"""Subscriptions: where events go, how deliveries stand, sending again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from handover.access.denials import MissingScope
from handover.delivery.addresses import event_href
from handover.delivery.outbox import Delivery
from handover.delivery.queue import State
from handover.delivery.replays import Replay as Job
from handover.delivery.replays import Which
from handover.delivery.subscriptions import Content, Status, Subscription
from handover.domain.parties import Caller
from handover.domain.policy import CONFIDENTIAL_SCOPE, Task
from handover.web.answers import answer, collection, without_nulls
from handover.web.api.describing import KEY_HEADER, PROBLEMS, gives, scope, takes
from handover.web.api.dossiers import PageSize
from handover.web.api.models import Replay, Resend, Skip, SubscriptionChange, SubscriptionCreation
from handover.web.api.views import (
    Deliveries,
    Replays,
    ReplayView,
    Resent,
    SecretView,
    SubscriptionCreated,
    Subscriptions,
    SubscriptionView,
    TestOutcome,
)
from handover.web.asking import body_of, refuse_unknown_query, uuid_of, write_request
from handover.web.needs import Services, services_of
from handover.web.problems import BadInput, HttpProblem, Issue
from handover.web.visits import visit

router = APIRouter(
    prefix="/v1/subscriptions",
    tags=["Subscriptions"],
    dependencies=[Depends(refuse_unknown_query)],
    responses=PROBLEMS,
)
_SCOPE = "subscription:manage"


def _unknown() -> HttpProblem:
    return HttpProblem(404, "Your organisation has no such subscription. See GET /v1/subscriptions.")


async def _asked(request: Request) -> tuple[Caller, Services, str]:
    caller = (await visit(request, _SCOPE, Task.MANAGE_SUBSCRIPTIONS)).caller
    return caller, services_of(request), caller.organisation.organisation_id


def _check_content(caller: Caller, content: Content | None) -> None:
    """Full deliveries hold confidential fields where a mandate opens them: who asks for them must be let have those."""
    if content is Content.FULL and CONFIDENTIAL_SCOPE not in caller.scopes:
        raise MissingScope(CONFIDENTIAL_SCOPE)


def _view(services: Services, subscription: Subscription) -> Mapping[str, object]:
    view = {
        "subscriptionId": subscription.subscription_id,
        "href": f"{services.settings.base_url}/v1/subscriptions/{subscription.subscription_id}",
        "url": subscription.url,
        "eventTypes": subscription.event_types,
        "content": subscription.content,
        "status": subscription.status,
        "statusReason": subscription.status_reason or None,
        "downSince": subscription.down_since,
        "publicKey": subscription.public_key or None,
        "createdAt": subscription.created_at,
        "changedAt": subscription.changed_at,
    }
    return without_nulls(view)  # type: ignore[return-value]


@router.post(
    "",
    operation_id="createSubscription",
    summary="Have events sent to an address",
    status_code=201,
    responses={201: gives(SubscriptionCreated, "The subscription, with its secret this once")},
    openapi_extra=takes(SubscriptionCreation, scope_name=_SCOPE, headers=(KEY_HEADER,)),
)
async def create_subscription(request: Request) -> Response:
    """Add a subscription. The `secret` in the answer is shown this once: keep it to check signatures."""
    caller, services, own = await _asked(request)
    body, raw = await body_of(request, SubscriptionCreation)
    _check_content(caller, body.content)

    async def create() -> bytes:
        subscription, secret = await services.subscriptions.create(
            own, body.url, body.event_types, content=body.content
        )
        return msgspec.json.encode({**_view(services, subscription), "secret": secret})

    made = await services.once.answer(own, write_request(request, raw), create)
    return answer(made, 201, {"Location": str(msgspec.json.decode(made)["href"])})


@router.get(
    "",
    operation_id="listSubscriptions",
    summary="List your subscriptions",
    responses={200: gives(Subscriptions, "Subscriptions")},
    openapi_extra=scope(_SCOPE),
)
async def list_subscriptions(request: Request) -> Response:
    """Give your organisation's subscriptions, without their secrets."""
    _, services, own = await _asked(request)
    items = [msgspec.json.encode(_view(services, s)) for s in await services.subscriptions.list(own)]
    return answer(collection(items, f"{services.settings.base_url}/v1/subscriptions", total=len(items)))


@router.get(
    "/{subscriptionId}",
    operation_id="readSubscription",
    summary="Read a subscription",
    responses={200: gives(SubscriptionView, "The subscription")},
    openapi_extra=scope(_SCOPE),
)
async def read_subscription(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Give one subscription, without its secret."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)
    found = await services.subscriptions.get(own, found_id) if found_id else None
    if found is None:
        raise _unknown()
    return answer(_view(services, found))


@router.patch(
    "/{subscriptionId}",
    operation_id="changeSubscription",
    summary="Change, pause or resume a subscription",
    responses={200: gives(SubscriptionView, "The subscription as it is now")},
    openapi_extra=takes(SubscriptionChange, scope_name=_SCOPE),
)
async def change_subscription(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Change what is given; what is left out stays. `active` after `disabled` sends what was missed."""
    caller, services, own = await _asked(request)
    body, _ = await body_of(request, SubscriptionChange)
    _check_content(caller, body.content)
    found_id = uuid_of(subscriptionId)
    if found_id is None:
        raise _unknown()
    status = None if body.status is None else Status(body.status)
    found = await services.subscriptions.change(
        own, found_id, url=body.url, event_types=body.event_types, content=body.content, status=status
    )
    if found is None:
        raise _unknown()
    return answer(_view(services, found))


@router.delete(
    "/{subscriptionId}",
    operation_id="deleteSubscription",
    summary="Delete a subscription",
    status_code=204,
    response_class=Response,
    openapi_extra=scope(_SCOPE),
)
async def delete_subscription(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Delete it; what still waits is not sent. The feed keeps holding everything."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)
    if found_id is None or not await services.subscriptions.delete(own, found_id):
        raise _unknown()
    return Response(status_code=204)


@router.post(
    "/{subscriptionId}/test",
    operation_id="testSubscription",
    summary="Send a signed test event now",
    responses={200: gives(TestOutcome, "What came of it")},
    openapi_extra=scope(_SCOPE),
)
async def probe_subscription(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Send one signed `handover.v1.test` event and say what the address answered."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)
    attempt = await services.subscriptions.send_test(own, found_id) if found_id else None
    if attempt is None:
        raise _unknown()
    outcome = {
        "delivered": not attempt.error,
        "status": attempt.status,
        "error": attempt.error or None,
        "seconds": round(attempt.seconds, 3),
    }
    return answer(without_nulls(outcome))


@router.post(
    "/{subscriptionId}/rotateSecret",
    operation_id="rotateSecret",
    summary="Get a new secret",
    responses={200: gives(SecretView, "The new secret, this once")},
    openapi_extra={**scope(_SCOPE), "parameters": [KEY_HEADER]},
)
async def rotate_secret(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Give a new secret; for 24 hours both sign."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)

    async def rotate() -> bytes:
        rotated = await services.subscriptions.rotate_secret(own, found_id) if found_id else None
        if rotated is None:
            raise _unknown()
        secret, public = rotated
        return msgspec.json.encode({"subscriptionId": found_id, "secret": secret, "publicKey": public})

    return answer(await services.once.answer(own, write_request(request, await request.body()), rotate))


@router.get(
    "/{subscriptionId}/deliveries",
    operation_id="listDeliveries",
    summary="See how deliveries stand",
    responses={200: gives(Deliveries, "Deliveries, latest first")},
    openapi_extra=scope(_SCOPE),
)
async def list_deliveries(
    request: Request,
    subscriptionId: str,  # noqa: N803 - the name in the path
    state: Annotated[State | None, Query(description="Only those that are")] = None,
    after: Annotated[str, Query(description="`cursor` of the last one you have")] = "",
    page_size: PageSize = 100,
) -> Response:
    """Give each delivery: pending, succeeded, dead (kept, and can be sent again) or skipped."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)
    try:
        found = (
            await services.subscriptions.deliveries(own, found_id, state=state, after=after, limit=page_size)
            if found_id
            else None
        )
    except ValueError:
        detail = "Give the cursor of an earlier answer, or leave it out to begin."
        raise BadInput(Issue.of("invalidInput", detail, name="after", where="query")) from None
    if found is None:
        raise _unknown()
    here = f"{services.settings.base_url}/v1/subscriptions/{found_id}/deliveries?pageSize={page_size}"
    here += f"&state={state}" if state else ""
    following = f"{here}&after={found[-1].cursor}" if len(found) == page_size else ""
    items = [msgspec.json.encode(_delivery(services, one)) for one in found]
    return answer(collection(items, here + (f"&after={after}" if after else ""), following=following))


def _delivery(services: Services, one: Delivery) -> object:
    return without_nulls(
        {
            "dossierId": one.dossier_id,
            "sequence": one.sequence,
            "eventId": one.event_id,
            "type": one.type,
            "state": one.state,
            "attempts": one.attempts,
            "lastStatus": one.last_status,
            "lastError": one.last_error or None,
            "enqueuedAt": one.enqueued_at,
            "settledAt": one.settled_at,
            "deliveredAt": one.delivered_at,
            "cursor": one.cursor,
            "href": event_href(services.settings.base_url, one.dossier_id, one.event_id),
        }
    )


@router.post(
    "/{subscriptionId}/resend",
    operation_id="resendDelivery",
    summary="Send one delivery again",
    status_code=202,
    responses={202: gives(Resent, "It goes out again, in its place within the dossier")},
    openapi_extra=takes(Resend, scope_name=_SCOPE, headers=(KEY_HEADER,)),
)
async def resend_delivery(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Send a delivery again, with the same webhook-id."""
    _, services, own = await _asked(request)
    body, raw = await body_of(request, Resend)

    async def resend(subscription_id: UUID) -> bool | None:
        return await services.subscriptions.resend(own, subscription_id, UUID(body.dossier_id), sequence=body.sequence)

    outcome = _once(subscriptionId, body, State.PENDING, resend)
    return answer(await services.once.answer(own, write_request(request, raw), outcome), 202)


@router.post(
    "/{subscriptionId}/skip",
    operation_id="skipDelivery",
    summary="Leave one delivery out",
    status_code=202,
    responses={202: gives(Resent, "It is left out, and what waits behind it goes on")},
    openapi_extra=takes(Skip, scope_name=_SCOPE, headers=(KEY_HEADER,)),
)
async def skip_delivery(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Record that a pending or dead delivery need not arrive any more, and why: its dossier's line goes on.

    The event stays in the feed and on the timeline.
    """
    _, services, own = await _asked(request)
    body, raw = await body_of(request, Skip)

    async def skip(subscription_id: UUID) -> bool | None:
        dossier_id = UUID(body.dossier_id)
        return await services.subscriptions.skip(own, subscription_id, dossier_id, body.sequence, body.reason)

    outcome = _once(subscriptionId, body, State.SKIPPED, skip)
    return answer(await services.once.answer(own, write_request(request, raw), outcome), 202)


def _once(
    subscription: str, body: Resend, state: State, act: Callable[[UUID], Awaitable[bool | None]]
) -> Callable[[], Awaitable[bytes]]:
    """Give what does something with one delivery and says how it stands then."""
    subscription_id = uuid_of(subscription)

    async def once() -> bytes:
        if not subscription_id or not await act(subscription_id):
            raise HttpProblem(404, "This subscription has no such delivery. See its deliveries.")
        return msgspec.json.encode({"dossierId": body.dossier_id, "sequence": body.sequence, "state": state})

    return once


@router.post(
    "/{subscriptionId}/replay",
    operation_id="replayDeliveries",
    summary="Send a period again",
    status_code=202,
    responses={202: gives(ReplayView, "The replay, which goes on by itself")},
    openapi_extra=takes(Replay, scope_name=_SCOPE, headers=(KEY_HEADER,)),
)
async def replay_deliveries(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Send everything of a period again, or only what is dead, in order per dossier; what waits is not doubled.

    It goes as fast as your address takes it, besides what happens now, and goes on after a restart of ours.
    """
    _, services, own = await _asked(request)
    body, raw = await body_of(request, Replay)
    found_id = uuid_of(subscriptionId)

    async def replay() -> bytes:
        job = (
            await services.subscriptions.replay(
                own, found_id, since=body.since, until=body.until, which=Which(body.which)
            )
            if found_id
            else None
        )
        if job is None:
            raise _unknown()
        return msgspec.json.encode(_replay(services, job))

    return answer(await services.once.answer(own, write_request(request, raw), replay), 202)


@router.get(
    "/{subscriptionId}/replays",
    operation_id="listReplays",
    summary="See how replays stand",
    responses={200: gives(Replays, "The latest 100 replays, latest first")},
    openapi_extra=scope(_SCOPE),
)
async def list_replays(request: Request, subscriptionId: str) -> Response:  # noqa: N803 - the name in the path
    """Give the replays of a subscription."""
    _, services, own = await _asked(request)
    found_id = uuid_of(subscriptionId)
    found = await services.subscriptions.replays(own, found_id) if found_id else None
    if found is None:
        raise _unknown()
    items = [msgspec.json.encode(_replay(services, job)) for job in found]
    here = f"{services.settings.base_url}/v1/subscriptions/{found_id}/replays"
    return answer(collection(items, here, total=len(items)))


@router.get(
    "/{subscriptionId}/replays/{replayId}",
    operation_id="readReplay",
    summary="See how a replay stands",
    responses={200: gives(ReplayView, "The replay")},
    openapi_extra=scope(_SCOPE),
)
async def read_replay(
    request: Request,
    subscriptionId: str,  # noqa: N803 - the name in the path
    replayId: str,  # noqa: N803 - the name in the path
) -> Response:
    """Give one replay; `finishedAt` is absent while it goes on."""
    _, services, own = await _asked(request)
    found_id, job_id = uuid_of(subscriptionId), uuid_of(replayId)
    job = await services.subscriptions.find_replay(own, found_id, job_id) if found_id and job_id else None
    if job is None:
        raise HttpProblem(404, "This subscription has no such replay. See its replays.")
    return answer(_replay(services, job))


def _replay(services: Services, job: Job) -> object:
    here = f"{services.settings.base_url}/v1/subscriptions/{job.subscription_id}/replays/{job.job_id}"
    return without_nulls(
        {
            "replayId": job.job_id,
            "href": here,
            "subscriptionId": job.subscription_id,
            "which": job.which,
            "since": job.since,
            "until": job.until,
            "queued": job.queued,
            "createdAt": job.created_at,
            "finishedAt": job.finished_at,
        }
    )
