"""The Python client and a real service: every operation, and what goes wrong on the way."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from handover.access import senders
from handover.client import Problem, Signer, answers, bodies, steps
from handover.delivery import signing
from tests.client.described import OPERATIONS
from tests.client.generate import snake
from tests.client.talking import ACCEPTED, CLIENTS, REFERRAL, Talking, opening, relayed, talking
from tests.instance import Instance, eventually, number
from tests.web.test_database_away import aside, held_up


async def test_a_referral_as_both_sides_software_sees_it(instance: Instance) -> None:
    async with talking(instance, "ocmw-lindedal") as ocmw, talking(instance, "vdab") as vdab:
        dossier = await ocmw.open()
        assert (dossier.status, dossier.client.birth_date, dossier.version) == ("open", date(1980, 1, 1), 2)
        recorded = await ocmw.post_event(dossier.dossier_id, REFERRAL)
        (thread,) = recorded.items[0].threads
        assert thread.turn is not None
        assert thread.turn.organisation == "vdab"
        assert thread.due_at is not None
        assert thread.due_at.tzinfo is not None

        async def waits() -> list[answers.InboxItemView]:
            return [item for item in await vdab.read_inbox(team=True) if item.group == "yourTurn"]

        (item,) = await eventually(waits)
        assert (item.dossier_id, item.thread_id) == (dossier.dossier_id, thread.thread_id)
        await vdab.post_event(item.dossier_id, ACCEPTED, thread_id=item.thread_id or "")
        (now,) = await ocmw.list_threads(dossier.dossier_id)
        assert now.status == "accepted"
        timeline = await ocmw.list_events(dossier.dossier_id, page_size=2)
        assert [event.sequence for event in timeline] == list(range(1, len(timeline) + 1))
        assert timeline[-1].data["reachedBy"] == "threeWayTalk"
        assert msgspec.convert(timeline[-1].data, steps.HandoverAccepted) == ACCEPTED
        assert timeline[-1].organisation == "vdab"
        assert [event.event_id for event in await ocmw.feed(page_size=1)] == [event.event_id for event in timeline]


async def test_the_feed_is_followed_over_broken_lines(api: Instance) -> None:
    """None skipped, none twice, whatever is in their texts, and again from a cursor that was kept."""
    async with relayed(api) as relay, talking(api, "ocmw-lindedal") as ocmw:
        told: list[answers.FeedEvent] = []

        async def follow() -> None:
            async with talking(api, "ocmw-lindedal", url=relay.url) as follower:
                async for event in follower.stream_feed():
                    told.append(event)  # noqa: PERF401 - it has no end

        following = asyncio.create_task(follow())
        for n in range(4):
            dossier = await ocmw.open()
            note = steps.IntakeRecorded(
                target_group="livingWage", work_wish="unsure", situation="één\u2028twee\u0085drie"
            )
            await ocmw.post_event(dossier.dossier_id, note)

            async def all_told(count: int = 3 * (n + 1)) -> bool:
                return len(told) >= count

            await eventually(all_told)
            assert relay.cut() >= 2
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        feed = await ocmw.feed()
        assert told == feed
        assert relay.connections >= 4
        assert feed[2].data["situation"] == "één\u2028twee\u0085drie"
        async with aclosing(ocmw.stream_feed(after=feed[4].cursor)) as events, asyncio.timeout(10):
            assert await anext(events) == feed[5]
        page = await ocmw.read_feed(feed[9].cursor)
        assert (page.items, page.cursor) == (tuple(feed[10:]), feed[-1].cursor)


async def test_a_write_whose_answer_is_lost_is_done_once(api: Instance) -> None:
    async with relayed(api) as relay, talking(api, "ocmw-lindedal", url=relay.url) as ocmw:
        relay.swallow = 1
        dossier = await ocmw.open()
        relay.swallow = 2
        recorded = await ocmw.post_event(dossier.dossier_id, REFERRAL)
        assert relay.swallow == 0, "the fault must have happened"
        assert relay.connections >= 4
        timeline = await ocmw.list_events(dossier.dossier_id)
        assert [event.type for event in timeline].count("handover.requested") == 1
        assert recorded.items[0].event_id in {event.event_id for event in timeline}
        again = await ocmw.post_event(dossier.dossier_id, steps.HandoverCancelled(reason="mistake"), key="kept")
        assert again == await ocmw.post_event(dossier.dossier_id, steps.HandoverCancelled(reason="mistake"), key="kept")


async def test_a_service_that_lost_its_database_is_tried_again(api: Instance) -> None:
    """The service answers 503 in the middle of a write, as in tests/web/test_database_away.py."""
    async with (
        talking(api, "ocmw-lindedal") as ocmw,
        aside(api.services.dsn) as watch,
        aside(api.services.dsn) as holder,
    ):
        dossier = await ocmw.open()
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        async with holder.transaction():
            await holder.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            began = asyncio.get_running_loop().time()
            posting = asyncio.create_task(ocmw.post_event(dossier.dossier_id, REFERRAL))
            await eventually(lambda: held_up(watch))
            ended = f"SELECT count(pg_terminate_backend(pid)) {others} AND wait_event_type = 'Lock'"
            assert await watch.fetchval(ended) >= 1
            await asyncio.sleep(0.5)
            assert not posting.done()
        assert (await posting).items[0].type == "handover.requested"
        assert asyncio.get_running_loop().time() - began >= 2, "Retry-After says two seconds"
        timeline = await ocmw.list_events(dossier.dossier_id)
        assert [event.type for event in timeline].count("handover.requested") == 1


async def test_a_version_that_is_not_the_latest_is_refused(api: Instance) -> None:
    async with talking(api, "ocmw-lindedal") as ocmw:
        dossier = await ocmw.open()
        await ocmw.post_event(dossier.dossier_id, REFERRAL, if_version=dossier.version)
        with pytest.raises(Problem) as raised:
            await ocmw.post_event(
                dossier.dossier_id, steps.HandoverCancelled(reason="mistake"), if_version=dossier.version
            )
        assert (raised.value.status, raised.value.name) == (412, "staleVersion")
        now = await ocmw.read_dossier(dossier.dossier_id)
        await ocmw.post_event(dossier.dossier_id, steps.HandoverCancelled(reason="mistake"), if_version=now.version)


async def test_the_etag_of_everything_is_its_version(api: Instance) -> None:
    """What `if_version` rests on, and the description says."""
    party = api.party("ocmw-lindedal")
    async with talking(api, "ocmw-lindedal") as ocmw:
        dossier = await ocmw.open()
        agreement = await ocmw.add_agreement(agreed())
        offer = await ocmw.add_offer(offered())
        agreement = await ocmw.change_agreement(agreement.agreement_id, agreed(), if_version=agreement.version)
        offer = await ocmw.change_offer(offer.offer_id, offered(), if_version=offer.version)
        for href, version in (
            (dossier.href, dossier.version),
            (agreement.href, agreement.version),
            (offer.href, offer.version),
        ):
            assert version > 1
            assert (await party.get(href)).headers["etag"] == f'"{version}"'
        for stale in (
            lambda: ocmw.change_agreement(agreement.agreement_id, agreed(), if_version=1),
            lambda: ocmw.change_offer(offer.offer_id, offered(), if_version=1),
            lambda: ocmw.delete_offer(offer.offer_id, if_version=1),
        ):
            with pytest.raises(Problem) as raised:
                await stale()
            assert raised.value.status == 412
    said = [p for _, _, o in OPERATIONS.values() for p in o.get("parameters", ()) if p["name"] == "If-Match"]
    assert all("`version`" in parameter["description"] for parameter in said)


async def test_bad_input_says_what_and_where(api: Instance) -> None:
    async with talking(api, "ocmw-lindedal") as ocmw:
        with pytest.raises(Problem) as raised:
            await ocmw.open(ssin="80010100108", given_name="")
        assert raised.value.status == 400
        assert [(issue.where, issue.name) for issue in raised.value.issues] == [("body", "givenName")]
        assert "givenName" in str(raised.value)
        assert raised.value.instance.startswith("urn:uuid:")
        dossier = await ocmw.open()
        with pytest.raises(Problem) as raised:
            await ocmw.post_event(dossier.dossier_id, {"type": "handover.requested", "data": {"colour": "red"}})
        assert {issue.name for issue in raised.value.issues} >= {"data.colour", "data.receiver"} or raised.value.issues
        with pytest.raises(Problem) as raised:
            await ocmw.list_dossiers(page_size=0)
        assert [(issue.where, issue.name) for issue in raised.value.issues] == [("query", "pageSize")]
        new = number(next(CLIENTS))
        replaced = await ocmw.replace_ssin(
            dossier.dossier_id, bodies.SsinReplacement(ssin=new, replaced_on=date(2026, 1, 5))
        )
        assert replaced.client.ssin == new
        with pytest.raises(Problem) as raised:
            await ocmw.search_dossiers(dossier.client.ssin or "")
        assert [issue.replaced_by for issue in raised.value.issues] == [new]


async def test_who_may_not_is_told_which_scope(api: Instance) -> None:
    async with talking(api, "ocmw-lindedal", scopes=("dossier:read",)) as reader:
        with pytest.raises(Problem) as raised:
            await reader.open()
        assert (raised.value.status, raised.value.required_scopes) == (403, ("dossier:write",))
        async with talking(api, "vdab") as vdab:
            with pytest.raises(Problem) as raised:
                await vdab.read_dossier("01a2039f-8f32-7d21-ab59-99e3cbca2aa3")
            assert (raised.value.status, raised.value.name) == (404, "resourceNotFound")


def agreed() -> bodies.AgreementProposed:
    desk = bodies.Desk(fixed_contact="vdab.bemiddelaar-1", absences=[bodies.Absence(first=DAY, last=DAY)])
    terms = bodies.Terms(vdab_desk=desk, answer_times={"handover.received": 3})
    return bodies.AgreementProposed(ocmw="ocmw-lindedal", vdab="vdab", valid_from=DAY, terms=terms)


def offered() -> bodies.OfferProposed:
    return bodies.OfferProposed(
        kind="training",
        title="Magazijnmedewerker",
        description="Zes weken.",
        municipalities=[bodies.Municipality(nis_code="44021", name="Gent")],
        valid_from=date(2026, 1, 1),
    )


DAY = date(2027, 7, 5)


async def test_every_operation_is_asked_for_real(instance: Instance) -> None:
    async with (
        talking(instance, "ocmw-lindedal") as ocmw,
        talking(instance, "ocmw-lindedal", "trajectbegeleider-1") as colleague,
        talking(instance, "ocmw-lindedal", "coordinator", roles=("dataProtectionOfficer",)) as officer,
    ):
        subscription = await ocmw.create_subscription(bodies.SubscriptionCreation(url="http://127.0.0.1:9/"))
        dossier = await _a_dossier(ocmw, colleague, officer)
        await _a_subscription(ocmw, subscription, dossier)
        await _agreements_and_offers(ocmw)
        await _reference(ocmw)
        await _the_log(instance, ocmw, dossier)
        await _signed_by_vdab(instance, ocmw, dossier)
        used = ocmw.used | colleague.used | officer.used
    assert {snake(operation_id) for operation_id in OPERATIONS} - used == set()


async def _signed_by_vdab(instance: Instance, ocmw: Talking, dossier: answers.DossierView) -> None:
    private = signing.new_private()
    await senders.add(instance.worker.pool, "vdab", signing.public_of(private), instance.worker.clock.now())
    event = bodies.VdabEvent(
        specversion="1.0",
        id="1",
        source="https://vdab.example",
        type="vdab.v1.dossiers.handovers.notify.accepted",
        subject=dossier.dossier_id,
        data={"step": {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}},
    )
    for repeated in (False, True):
        taken = await ocmw.receive_from_vdab(event, Signer(private))
        assert (taken.status, taken.repeated) == (201, repeated)


async def _a_dossier(ocmw: Talking, colleague: Talking, officer: Talking) -> answers.DossierView:
    given = opening()
    dossier = await ocmw.open_dossier(given)
    person = bodies.PersonToIdentify(
        **{name: getattr(given, name) for name in ("ssin", "given_name", "family_name", "birth_date", "legal_basis_id")}
    )
    assert (await ocmw.identify_person(person)).result == "match"
    recorded = await ocmw.post_event(dossier.dossier_id, REFERRAL, occurred_at=datetime.now(UTC) - timedelta(hours=1))
    requested = recorded.items[0].event_id
    assert (await ocmw.read_event(dossier.dossier_id, requested)).type == "handover.requested"
    assert given.ssin in await ocmw.read_toeleiding(dossier.dossier_id, requested)

    async def listed() -> bool:
        return [one.dossier_id for one in await ocmw.list_dossiers()] == [dossier.dossier_id]

    await eventually(listed)
    assert [one.dossier_id for one in await ocmw.search_dossiers(given.ssin)] == [dossier.dossier_id]
    assert await ocmw.list_threads(dossier.dossier_id)
    assert await ocmw.list_events(dossier.dossier_id)
    assert (await ocmw.read_feed()).cursor
    async with aclosing(ocmw.stream_feed()) as events, aclosing(ocmw.stream_inbox()) as changes, asyncio.timeout(10):
        assert (await anext(events)).type == "dossier.opened"
        await anext(changes)
    await ocmw.read_inbox()
    await ocmw.mark_seen(bodies.Mark(dossier_id=dossier.dossier_id, sequence=4))
    reason = "My colleague is ill and the client is at the front desk"
    assert (await colleague.break_glass(dossier.dossier_id, reason)).reason == reason
    assert await colleague.read_access_log(dossier.dossier_id)
    assert await officer.list_break_glass()
    assert len(await officer.read_organisation_access_log(page_size=3)) > 3
    assert (await officer.read_access_signals()).break_glass
    replacement = bodies.SsinReplacement(ssin=number(next(CLIENTS)), replaced_on=date(2026, 1, 5))
    assert (await ocmw.replace_ssin(dossier.dossier_id, replacement)).client.ssin == replacement.ssin
    second = await ocmw.open_dossier(opening())
    assert (await ocmw.merge_dossier(second.dossier_id, dossier.dossier_id)).dossier_id == dossier.dossier_id
    assert (await ocmw.read_dossier(second.dossier_id)).merged_into == dossier.dossier_id
    return dossier


async def _a_subscription(ocmw: Talking, made: answers.SubscriptionCreated, dossier: answers.DossierView) -> None:
    subscription_id = made.subscription_id
    assert [one.url for one in await ocmw.list_subscriptions()] == [made.url]
    assert (await ocmw.read_subscription(subscription_id)).status == "active"
    assert not (await ocmw.test_subscription(subscription_id)).delivered
    assert (await ocmw.rotate_secret(subscription_id)).secret != made.secret
    deliveries = await ocmw.list_deliveries(subscription_id, page_size=2)
    assert len(deliveries) > 2
    sequence = next(one.sequence for one in deliveries if one.dossier_id == dossier.dossier_id)
    assert (await ocmw.resend_delivery(subscription_id, dossier.dossier_id, sequence)).state == "pending"
    skipped = await ocmw.skip_delivery(subscription_id, dossier.dossier_id, sequence, "Taken over by telephone")
    assert skipped.state == "skipped"
    replay = await ocmw.replay_deliveries(subscription_id, bodies.Replay(since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert [one.replay_id for one in await ocmw.list_replays(subscription_id)] == [replay.replay_id]
    assert (await ocmw.read_replay(subscription_id, replay.replay_id)).which == "all"
    changed = await ocmw.change_subscription(subscription_id, bodies.SubscriptionChange(status="paused"))
    assert changed.status == "paused"
    await ocmw.delete_subscription(subscription_id)
    assert await ocmw.list_subscriptions() == []


async def _agreements_and_offers(ocmw: Talking) -> None:
    agreement = await ocmw.add_agreement(agreed())
    assert await ocmw.list_agreements() == [await ocmw.read_agreement(agreement.agreement_id)]
    assert msgspec.convert(agreement.terms, bodies.Terms) == agreed().terms
    assert (await ocmw.change_agreement(agreement.agreement_id, agreed())).version == 2
    offer = await ocmw.add_offer(offered())
    found = await ocmw.find_offers(municipality="Gent", barrier=("language",), kind=("training", "guidance"))
    assert offer.offer_id in {one.offer_id for one in found}
    assert len(await ocmw.find_offers(page_size=1)) == len(await ocmw.find_offers())
    assert (await ocmw.read_offer(offer.offer_id)) == offer
    assert (await ocmw.change_offer(offer.offer_id, offered())).version == 2
    await ocmw.delete_offer(offer.offer_id)


async def _reference(ocmw: Talking) -> None:
    collections: list[Callable[[], Any]] = [
        ocmw.list_answer_times,
        ocmw.list_event_types,
        ocmw.list_legal_bases,
        ocmw.read_training_guide,
        ocmw.list_code_lists,
        ocmw.list_organisations,
    ]
    for collection in collections:
        assert await collection()
    assert (await ocmw.read_code_list("rejectionReasons"))[0].label.nl
    assert (await ocmw.read_organisation("vdab")).kind == "vdab"
    (first, *_) = await ocmw.list_counsellors("vdab")
    assert await ocmw.read_counsellor("vdab", first.counsellor_id) == first
    assert "@context" in await ocmw.read_context()
    assert await ocmw.read_profile()
    assert (await ocmw.read_health()).status in {"UP", "DEGRADED"}
    assert "handover" in await ocmw.read_metrics()


async def _the_log(instance: Instance, ocmw: Talking, dossier: answers.DossierView) -> None:
    await instance.worker.log.seal(instance.worker.clock.now())
    latest = await ocmw.read_latest_checkpoint()
    assert await ocmw.read_checkpoint(latest.size) == latest
    assert (await ocmw.read_growth(latest.size, latest.size)).second == latest
    (first, *_) = await ocmw.list_events(dossier.dossier_id)
    assert (await ocmw.read_receipt(dossier.dossier_id, first.event_id)).sequence == 1
