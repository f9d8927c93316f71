"""The API, one method for each operation, under the operation's name."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec

from handover.client import answers, bodies, codes
from handover.client.pages import Page, Pages
from handover.client.sending import Query, Retries, Sender, Token, Value
from handover.client.steps import Step
from handover.client.streams import Place, follow
from handover.client.webhooks import Signer

Answer = TypeVar("Answer")
Item = TypeVar("Item")
_AGENT = "handover-client"
_TIMEOUT_SECONDS = 30.0
_NOT_FOUND, _DOWN = 404, 503


class Client:
    """Calls the API of one service for one caller; to be used as `async with Client(...) as client`.

    Every method is named after its operation in the description. One that reads a collection gives `Pages`:
    `async for` goes through all of it, `await` gives it in a list. One that writes takes `key`: leave it out and each
    call has its own Idempotency-Key, the same for each of its tries; give one that you kept, and a write that you are
    not sure of is safe to repeat after a restart too. `if_version`, where there is one, is the `version` that you
    read: when it changed since, a Problem 412 is raised.

    Raises Problem when the service refuses, httpx.TransportError when it cannot be reached within `retries`.
    """

    def __init__(
        self, base_url: str, token: Token, *, retries: Retries | None = None, http: httpx.AsyncClient | None = None
    ) -> None:
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, headers={"User-Agent": _AGENT})
        self._is_ours = http is None
        self._sender = Sender(self._http, base_url, token, retries or Retries())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless `http` was given: that is its owner's."""
        if self._is_ours:
            await self._http.aclose()

    # Dossiers

    async def open_dossier(self, opening: bodies.DossierOpening, *, key: str = "") -> answers.DossierView:
        """Open the client's dossier, or join it when it exists."""
        return await self._post("/v1/dossiers", opening, answers.DossierView, key=key or _new_key())

    def list_dossiers(self, *, after: str = "", page_size: int | None = None) -> Pages[answers.DossierView]:
        """List your organisation's dossiers, by id."""
        return self._pages("/v1/dossiers", answers.Dossiers, after=after, pageSize=page_size)

    def search_dossiers(self, ssin: str) -> Pages[answers.DossierView]:
        """Look a client up by national number; nothing when your organisation is not in the dossier."""
        body = _json(bodies.DossierSearch(ssin=ssin))

        async def read(_: Query) -> answers.Dossiers:
            answer = await self._sender.send("POST", "/v1/dossiers/search", body=body)
            return _read(answer, answers.Dossiers)

        return Pages(read, {})

    async def read_dossier(self, dossier_id: str) -> answers.DossierView:
        """Read a dossier as it stands."""
        return await self._get(_at("/v1/dossiers", dossier_id), answers.DossierView)

    def list_threads(self, dossier_id: str) -> Pages[answers.ThreadView]:
        """List a dossier's threads, open ones first, soonest due first: whose turn, until when."""
        return self._pages(_at("/v1/dossiers", dossier_id, "threads"), answers.Threads)

    async def replace_ssin(
        self, dossier_id: str, replacement: bodies.SsinReplacement, *, if_version: int | None = None, key: str = ""
    ) -> answers.DossierView:
        """Put the dossier under the client's new national number."""
        path = _at("/v1/dossiers", dossier_id, "numberReplacement")
        return await self._post(path, replacement, answers.DossierView, key=key or _new_key(), if_version=if_version)

    async def merge_dossier(
        self, dossier_id: str, into: str, *, if_version: int | None = None, key: str = ""
    ) -> answers.DossierView:
        """Merge the dossier into another of the same client; gives the one that goes on."""
        path, body = _at("/v1/dossiers", dossier_id, "merge"), bodies.DossierMerge(into=into)
        return await self._post(path, body, answers.DossierView, key=key or _new_key(), if_version=if_version)

    async def identify_person(self, person: bodies.PersonToIdentify) -> answers.Identification:
        """Tell whether a national number belongs to the person that you think it does."""
        return await self._post("/v1/identifications/search", person, answers.Identification)

    # Events

    async def post_event(
        self,
        dossier_id: str,
        step: Step | Mapping[str, object],
        *,
        thread_id: str = "",
        occurred_at: datetime | None = None,
        if_version: int | None = None,
        key: str = "",
    ) -> answers.Events:
        """Record a step of `handover.client.steps`; gives what was recorded, your step first.

        Without `thread_id` it goes to the one thread that it can belong to, or opens one. A mapping is sent as the
        body that it is (`type`, `data`), for a step that this version of the client does not know.
        """
        body: dict[str, object] = {"type": step.TYPE, "data": step} if isinstance(step, Step) else dict(step)
        if thread_id:
            body["threadId"] = thread_id
        if occurred_at is not None:
            body["occurredAt"] = occurred_at
        path = _at("/v1/dossiers", dossier_id, "events")
        return await self._post(path, body, answers.Events, key=key or _new_key(), if_version=if_version)

    def list_events(
        self, dossier_id: str, *, after: int = 0, thread_id: str = "", page_size: int | None = None
    ) -> Pages[answers.EventView]:
        """Read a dossier's timeline, in order; `after` is the sequence of the last event that you have."""
        path = _at("/v1/dossiers", dossier_id, "events")
        return self._pages(path, answers.Events, after=after or None, threadId=thread_id, pageSize=page_size)

    async def read_toeleiding(self, dossier_id: str, event_id: str) -> str:
        """Read a `handover.requested` as MAGDA's RegistreerToeleiding, in XML."""
        return (await self._sender.send("GET", _at("/v1/dossiers", dossier_id, "events", event_id, "toeleiding"))).text

    async def read_event(self, dossier_id: str, event_id: str) -> answers.EventView:
        """Read one event, as the link in a webhook names it."""
        return await self._get(_at("/v1/dossiers", dossier_id, "events", event_id), answers.EventView)

    async def read_feed(self, after: str = "", *, page_size: int | None = None) -> answers.Feed:
        """Read a page of your organisation's feed; keep its `cursor` and go on from there."""
        return await self._get("/v1/events", answers.Feed, after=after, pageSize=page_size)

    def feed(self, after: str = "", *, page_size: int | None = None) -> Pages[answers.FeedEvent]:
        """Read your organisation's feed from a cursor to where it ends now; each event has its `cursor`."""
        return self._pages("/v1/events", answers.Feed, after=after, pageSize=page_size)

    async def stream_feed(self, after: str = "") -> AsyncGenerator[answers.FeedEvent, None]:
        """Follow your organisation's feed: what there is after a cursor, and then each event as it happens.

        A line that breaks is taken up again where it ended; nothing is skipped or told twice. Keep the `cursor` of
        the last event that you are done with, and begin there after a restart.
        """
        async with aclosing(follow(self._sender, "/v1/events/stream", {}, Place(after))) as lines:
            async for name, data in lines:
                if name == "message":
                    yield msgspec.json.decode(data, type=answers.FeedEvent)

    # Access

    async def break_glass(self, dossier_id: str, reason: str, *, key: str = "") -> answers.BrokenGlassView:
        """Open a dossier that you are not assigned to, with a reason that others will read."""
        path, body = _at("/v1/dossiers", dossier_id, "breakGlass"), bodies.BreakGlassOpening(reason=reason)
        return await self._post(path, body, answers.BrokenGlassView, key=key or _new_key())

    def list_break_glass(self, *, after: str = "", page_size: int | None = None) -> Pages[answers.BrokenGlassView]:
        """List the dossiers that your colleagues opened with a reason."""
        return self._pages("/v1/breakGlass", answers.BrokenGlasses, after=after, pageSize=page_size)

    def read_access_log(
        self, dossier_id: str, *, before: int | None = None, page_size: int | None = None
    ) -> Pages[answers.AccessLineView]:
        """Read who of your organisation looked at a dossier, latest first."""
        path = _at("/v1/dossiers", dossier_id, "accessLog")
        return self._pages(path, answers.AccessLines, before=before, pageSize=page_size)

    def read_organisation_access_log(
        self, *, before: int | None = None, page_size: int | None = None
    ) -> Pages[answers.AccessLineView]:
        """Read who of your organisation looked at what, latest first."""
        return self._pages("/v1/accessLog", answers.AccessLines, before=before, pageSize=page_size)

    async def read_access_signals(self, *, days: int | None = None) -> answers.SignalsView:
        """Read what in the access log a data protection officer may want to look at."""
        return await self._get("/v1/accessLog/signals", answers.SignalsView, days=days)

    # Inbox

    def read_inbox(self, *, team: bool = False, page_size: int | None = None) -> Pages[answers.InboxItemView]:
        """Read what waits for you, for the other side, and what is news; `team`: the whole organisation's."""
        return self._pages("/v1/inbox", answers.InboxItems, team=team or None, pageSize=page_size)

    async def mark_seen(self, *marks: bodies.Mark) -> None:
        """Mark the news of dossiers as seen, each up to an event."""
        await self._sender.send("POST", "/v1/inbox/seen", body=_json(bodies.Seen(items=list(marks))))

    async def stream_inbox(self) -> AsyncGenerator[None, None]:
        """Say that the inbox may have changed: now, whenever it does, and after a line that broke."""
        async with aclosing(follow(self._sender, "/v1/inbox/stream", {}, Place())) as lines:
            async for _ in lines:
                yield None

    # Subscriptions

    async def create_subscription(
        self, subscription: bodies.SubscriptionCreation, *, key: str = ""
    ) -> answers.SubscriptionCreated:
        """Have events sent to an address; the `secret` is shown this once."""
        return await self._post("/v1/subscriptions", subscription, answers.SubscriptionCreated, key=key or _new_key())

    def list_subscriptions(self) -> Pages[answers.SubscriptionView]:
        """List your organisation's subscriptions."""
        return self._pages("/v1/subscriptions", answers.Subscriptions)

    async def read_subscription(self, subscription_id: str) -> answers.SubscriptionView:
        """Read a subscription, without its secret."""
        return await self._get(_at("/v1/subscriptions", subscription_id), answers.SubscriptionView)

    async def change_subscription(
        self, subscription_id: str, change: bodies.SubscriptionChange
    ) -> answers.SubscriptionView:
        """Change, pause or resume a subscription; what is left out stays."""
        answer = await self._sender.send("PATCH", _at("/v1/subscriptions", subscription_id), body=_json(change))
        return _read(answer, answers.SubscriptionView)

    async def delete_subscription(self, subscription_id: str) -> None:
        """Delete a subscription; what still waits is not sent."""
        await self._sender.send("DELETE", _at("/v1/subscriptions", subscription_id))

    async def test_subscription(self, subscription_id: str) -> answers.TestOutcome:
        """Send a signed test event now, and tell what the address answered."""
        return await self._post(_at("/v1/subscriptions", subscription_id, "test"), None, answers.TestOutcome)

    async def rotate_secret(self, subscription_id: str, *, key: str = "") -> answers.SecretView:
        """Get a new secret and public key; for 24 hours the old ones sign too."""
        path = _at("/v1/subscriptions", subscription_id, "rotateSecret")
        return await self._post(path, None, answers.SecretView, key=key or _new_key())

    def list_deliveries(
        self,
        subscription_id: str,
        *,
        state: codes.State | None = None,
        after: str = "",
        page_size: int | None = None,
    ) -> Pages[answers.DeliveryView]:
        """See how deliveries stand, latest first."""
        path = _at("/v1/subscriptions", subscription_id, "deliveries")
        return self._pages(path, answers.Deliveries, state=state, after=after, pageSize=page_size)

    async def resend_delivery(
        self, subscription_id: str, dossier_id: str, sequence: int, *, key: str = ""
    ) -> answers.Resent:
        """Send one delivery again, with the same webhook-id."""
        path = _at("/v1/subscriptions", subscription_id, "resend")
        body = bodies.Resend(dossier_id=dossier_id, sequence=sequence)
        return await self._post(path, body, answers.Resent, key=key or _new_key())

    async def skip_delivery(
        self, subscription_id: str, dossier_id: str, sequence: int, reason: str, *, key: str = ""
    ) -> answers.Resent:
        """Leave one delivery out, and say why: what waits behind it goes on."""
        path = _at("/v1/subscriptions", subscription_id, "skip")
        body = bodies.Skip(dossier_id=dossier_id, sequence=sequence, reason=reason)
        return await self._post(path, body, answers.Resent, key=key or _new_key())

    async def replay_deliveries(
        self, subscription_id: str, replay: bodies.Replay, *, key: str = ""
    ) -> answers.ReplayView:
        """Send a period again; it goes on by itself."""
        path = _at("/v1/subscriptions", subscription_id, "replay")
        return await self._post(path, replay, answers.ReplayView, key=key or _new_key())

    def list_replays(self, subscription_id: str) -> Pages[answers.ReplayView]:
        """See how replays stand."""
        return self._pages(_at("/v1/subscriptions", subscription_id, "replays"), answers.Replays)

    async def read_replay(self, subscription_id: str, replay_id: str) -> answers.ReplayView:
        """See how far a replay is."""
        return await self._get(_at("/v1/subscriptions", subscription_id, "replays", replay_id), answers.ReplayView)

    # Agreements

    def list_agreements(self) -> Pages[answers.AgreementView]:
        """List your organisation's agreements, latest first."""
        return self._pages("/v1/agreements", answers.Agreements)

    async def add_agreement(self, agreement: bodies.AgreementProposed, *, key: str = "") -> answers.AgreementView:
        """Write an agreement down."""
        return await self._post("/v1/agreements", agreement, answers.AgreementView, key=key or _new_key())

    async def read_agreement(self, agreement_id: str) -> answers.AgreementView:
        """Read one agreement of your organisation."""
        return await self._get(_at("/v1/agreements", agreement_id), answers.AgreementView)

    async def change_agreement(
        self, agreement_id: str, agreement: bodies.AgreementProposed, *, if_version: int | None = None
    ) -> answers.AgreementView:
        """Write an agreement anew."""
        path = _at("/v1/agreements", agreement_id)
        answer = await self._sender.send("PUT", path, body=_json(agreement), headers=_match(if_version))
        return _read(answer, answers.AgreementView)

    def list_answer_times(self) -> Pages[answers.AnswerTimeView]:
        """List the answer times that can be agreed otherwise."""
        return self._pages("/v1/refData/answerTimes", answers.AnswerTimes)

    # Offers

    def find_offers(  # noqa: PLR0913 - each is a filter
        self,
        *,
        municipality: str = "",
        target_group: codes.TargetGroup | None = None,
        barrier: tuple[codes.BarrierKind, ...] = (),
        kind: tuple[codes.OfferKind, ...] = (),
        instrument: codes.Instrument | None = None,
        organisation: str = "",
        text: str = "",
        any_day: bool = False,
        page_size: int | None = None,
    ) -> Pages[answers.OfferView]:
        """Find offers that can be used today, the more precise ones first."""
        return self._pages(
            "/v1/offers",
            answers.Offers,
            municipality=municipality,
            targetGroup=target_group,
            barrier=barrier,
            kind=kind,
            instrument=instrument,
            organisation=organisation,
            text=text,
            anyDay=any_day or None,
            pageSize=page_size,
        )

    async def add_offer(self, offer: bodies.OfferProposed, *, key: str = "") -> answers.OfferView:
        """Add an offer of your organisation."""
        return await self._post("/v1/offers", offer, answers.OfferView, key=key or _new_key())

    async def read_offer(self, offer_id: str) -> answers.OfferView:
        """Read one offer, also of another organisation."""
        return await self._get(_at("/v1/offers", offer_id), answers.OfferView)

    async def change_offer(
        self, offer_id: str, offer: bodies.OfferProposed, *, if_version: int | None = None
    ) -> answers.OfferView:
        """Write an offer of your organisation anew."""
        path = _at("/v1/offers", offer_id)
        answer = await self._sender.send("PUT", path, body=_json(offer), headers=_match(if_version))
        return _read(answer, answers.OfferView)

    async def delete_offer(self, offer_id: str, *, if_version: int | None = None) -> None:
        """Delete an offer of your organisation."""
        await self._sender.send("DELETE", _at("/v1/offers", offer_id), headers=_match(if_version))

    # The log

    async def read_latest_checkpoint(self) -> answers.CheckpointView:
        """Read the latest signed checkpoint of everything recorded."""
        return await self._get("/v1/checkpoints/latest", answers.CheckpointView)

    async def read_checkpoint(self, size: int) -> answers.CheckpointView:
        """Read the checkpoint of a size."""
        return await self._get(_at("/v1/checkpoints", str(size)), answers.CheckpointView)

    async def read_growth(self, size: int, since: int) -> answers.GrowthView:
        """Read the proof that the log of a size grew out of the one that you kept."""
        return await self._get(_at("/v1/checkpoints", str(size), "growth"), answers.GrowthView, since=since)

    async def read_receipt(self, dossier_id: str, event_id: str) -> answers.ReceiptView:
        """Read the proof that an event is in the log."""
        return await self._get(_at("/v1/dossiers", dossier_id, "events", event_id, "receipt"), answers.ReceiptView)

    # Reference

    def list_event_types(self) -> Pages[answers.EventTypeView]:
        """List what may be posted when and by whom, each with an example."""
        return self._pages("/v1/refData/eventTypes", answers.EventTypes)

    def list_legal_bases(self) -> Pages[answers.LegalBasisView]:
        """List the legal bases, with the purposes that each allows."""
        return self._pages("/v1/refData/legalBases", answers.LegalBases)

    def read_training_guide(self) -> Pages[answers.InstrumentView]:
        """Read what each training instrument is for."""
        return self._pages("/v1/refData/trainingGuide", answers.TrainingGuide)

    def list_code_lists(self) -> Pages[answers.CodeListView]:
        """List the code lists."""
        return self._pages("/v1/refData", answers.CodeLists)

    def read_code_list(self, code_list: str) -> Pages[answers.CodeView]:
        """Read a code list, with words in four languages."""
        return self._pages(_at("/v1/refData", code_list), answers.Codes)

    def list_organisations(self) -> Pages[answers.OrganisationView]:
        """List the organisations."""
        return self._pages("/v1/organisations", answers.Organisations)

    async def read_organisation(self, organisation_id: str) -> answers.OrganisationView:
        """Read one organisation."""
        return await self._get(_at("/v1/organisations", organisation_id), answers.OrganisationView)

    def list_counsellors(self, organisation_id: str) -> Pages[answers.CounsellorView]:
        """List the counsellors of an organisation."""
        return self._pages(_at("/v1/organisations", organisation_id, "counsellors"), answers.Counsellors)

    async def read_counsellor(self, organisation_id: str, counsellor_id: str) -> answers.CounsellorView:
        """Read one counsellor, and how to reach them."""
        path = _at("/v1/organisations", organisation_id, "counsellors", counsellor_id)
        return await self._get(path, answers.CounsellorView)

    # What one's own software did, signed

    async def receive_from_vdab(self, event: bodies.VdabEvent, signer: Signer) -> answers.Taken:
        """Send what VDAB did, signed. No token is needed: a client with the token "" sends none.

        The same event may be sent again and again: `id` and `source` say which it is.
        """
        body = _json(event)
        headers = {"Content-Type": "application/cloudevents+json", **signer.headers(body)}
        return _read(await self._sender.send("POST", "/v1/inbound/vdab", body=body, headers=headers), answers.Taken)

    async def read_context(self) -> dict[str, Any]:
        """Read the JSON-LD context of the answers."""
        return await self._get("/v1/context.jsonld", dict[str, Any])

    async def read_profile(self) -> dict[str, Any]:
        """Read the profile: our own names, beside those of OSLO."""
        return await self._get("/v1/profile", dict[str, Any])

    # System

    async def read_health(self) -> answers.Health:
        """Ask whether the service is well: UP, DEGRADED or DOWN, at once."""
        answer = await self._http.get(f"{self._sender.base_url}/health")
        return _read(answer, answers.Health)

    async def read_metrics(self) -> str:
        """Read the service's figures, as Prometheus does."""
        return (await self._sender.send("GET", "/metrics")).text

    # What they share

    async def _get(self, path: str, kind: type[Answer], /, **query: Value) -> Answer:
        return _read(await self._sender.send("GET", path, query=_given(query)), kind)

    async def _post(
        self, path: str, body: object, kind: type[Answer], *, key: str = "", if_version: int | None = None
    ) -> Answer:
        headers = _match(if_version) | ({"Idempotency-Key": key} if key else {})
        sent = None if body is None else _json(body)
        return _read(await self._sender.send("POST", path, body=sent, headers=headers), kind)

    def _pages(self, path: str, kind: type[Page[Item]], /, **query: Value) -> Pages[Item]:
        async def read(asked: Query) -> Page[Item]:
            return _read(await self._sender.send("GET", path, query=asked), kind)

        return Pages(read, _given(query))


_json = msgspec.json.Encoder().encode


def _read(answer: httpx.Response, kind: type[Answer]) -> Answer:
    return msgspec.json.decode(answer.content, type=kind)


def _given(query: Query) -> Query:
    """Leave out what was not asked for."""
    return {name: value for name, value in query.items() if value not in (None, "", (), [])}


def _at(*parts: str) -> str:
    """Give the path of something; an id cannot lead elsewhere."""
    first, *others = parts
    if any(part in {"", ".", ".."} for part in others):
        raise ValueError("an id cannot be empty")
    return "/".join([first, *(quote(part, safe="") for part in others)])


def _match(version: int | None) -> dict[str, str]:
    """Give If-Match: the ETag of anything here is its version."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def _new_key() -> str:
    return str(uuid4())
