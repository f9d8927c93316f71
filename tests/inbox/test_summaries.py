"""The figures of a daily mail are those of the inbox, and each summary is one worker's at a time."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests.inbox.world import OCMW_1, OCMW_2, OTHER, OTHER_1, VDAB_1, VDAB_C, World

from handover.inbox.summaries import LEASE, Claimed, DailySummaries, Summary, summary_of
from handover.inbox.views import Group
from handover.platform.walls import Walled, asking_for
from handover.record.directory import save_counsellor, save_organisation

PEOPLE = (OCMW_1, OCMW_2, VDAB_1, VDAB_C, OTHER_1)
TEAMS = {OCMW_1: "Activering", OCMW_2: "Activering", VDAB_1: "Gent", VDAB_C: "", OTHER_1: "Activering"}
DAY = date(2026, 11, 24)
LATER = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
async def staffed(world: World) -> World:
    """The organisations and people in the database too, with an address and a team, and a wish for mail at eight."""
    for organisation in world.directory.organisations.values():
        await save_organisation(world.pool, organisation)
    for one, counsellor in world.directory.counsellors.items():
        found = replace(counsellor, team=TEAMS[one], email=f"{one}@example.org")
        await save_counsellor(world.pool, found)
        await wants(world, one)
    return world


async def wants(world: World, who: str, *, hour: int = 8, first: date = date(2026, 1, 5)) -> None:
    await world.pool.execute(
        """
        INSERT INTO notice_preference
            (organisation_id, counsellor_id, language, daily_mail, mail_hour, mail_from, changed_at)
        VALUES ($1, $2, 'nl', true, $3, $4, now())
        ON CONFLICT (organisation_id, counsellor_id) DO UPDATE SET mail_hour = $3, mail_from = $4
        """,
        who.partition(".")[0],
        who,
        hour,
        first,
    )


async def in_the_inbox(world: World, who: str, at: datetime) -> Summary:
    """Count what the inbox itself gives."""
    organisation = who.partition(".")[0]
    with asking_for([organisation]):
        items = await world.inbox.lines(organisation, who, at=at, limit=1000, works_in=TEAMS[who])
    yours = {i.dossier_id for i in items if i.group is Group.YOUR_TURN and not i.is_later}
    late = {i.dossier_id for i in items if i.group is Group.YOUR_TURN and i.overdue}
    return Summary(len(yours), len(late), len({i.dossier_id for i in items if i.group is Group.NEWS} - yours))


async def both_ways(world: World, at: datetime) -> dict[str, Summary]:
    """Give everybody's figures as the worker counts them; those that are asked for behind the wall must be the same."""
    summaries = DailySummaries(world.pool)
    claimed = await summaries.claim(at.date(), 23, at=at, most=100)
    found = {one.counsellor_id: one.summary for one in claimed}
    for who in PEOPLE:
        organisation = who.partition(".")[0]
        with asking_for([organisation]):
            asked = await summary_of(Walled(world.pool), organisation, who, works_in=TEAMS[who], at=at)
        assert asked == found[who]
    return found


async def test_the_figures_are_those_of_the_inbox(staffed: World) -> None:
    """Referrals in every state; then turns moved to teams, to nobody and to others at random, again and again."""
    chance = random.Random(6)  # noqa: S311 - the same each time
    dossiers: list[UUID] = []
    for number in range(14):
        who = OCMW_1 if number % 3 else OCMW_2
        dossiers.append(await staffed.open(who))
        await staffed.post(dossiers[-1], who, "handover.requested")
        if number % 2:
            await staffed.post(dossiers[-1], VDAB_1, "handover.accepted")
        if number % 4 == 1:
            await staffed.post(dossiers[-1], VDAB_1, "dossier.benefitStated")
    other = await staffed.open(OTHER_1)
    await staffed.post(other, OTHER_1, "followUp.planAgreed")
    await staffed.projector.catch_up()

    seen: set[Summary] = set()
    for round_number in range(8):
        at = staffed.at + timedelta(days=7 * round_number)
        found = await both_ways(staffed, at)
        assert found == {who: await in_the_inbox(staffed, who, at) for who in PEOPLE}
        seen |= set(found.values())
        await _stir(staffed, chance)
    assert len(seen) > 10, "the figures were the same all along: nothing was compared"
    assert max(s.waiting for s in seen) > max(s.late for s in seen) > 0
    assert max(s.news for s in seen) > 0


async def _stir(world: World, chance: random.Random) -> None:
    for row in await world.pool.fetch("SELECT dossier_id, organisation_id, thread_id FROM inbox_thread"):
        organisation = row["organisation_id"]
        own = [one for one in PEOPLE if one.startswith(f"{organisation}.")]
        names = [*own, "", *(f"{organisation}/{team}" for team in ("Activering", "Gent", "Elders"))]
        due = world.at + timedelta(days=chance.randint(-5, 40)) if chance.random() < 0.8 else None
        await world.pool.execute(
            """
            UPDATE inbox_thread SET counsellor_id = $4, your_turn = $5, due_at = $6, also = $7
            WHERE (dossier_id, organisation_id, thread_id) = ($1, $2, $3)
            """,
            *row.values(),
            chance.choice(names),
            chance.random() < 0.5,
            due,
            chance.sample(names[:-1], chance.randint(0, 2)),
        )
    for who in PEOPLE:
        organisation = who.partition(".")[0]
        rows = await world.pool.fetch("SELECT dossier_id FROM inbox_dossier WHERE organisation_id = $1", organisation)
        marks = [(row["dossier_id"], chance.randint(1, 7)) for row in rows if chance.random() < 0.2]
        await world.inbox.seen(organisation, who, marks)


async def _claim(
    world: World, *, day: date = DAY, hour: int = 9, at: datetime = LATER, most: int = 100
) -> list[Claimed]:
    return await DailySummaries(world.pool).claim(day, hour, at=at, most=most)


async def test_who_asked_for_it_and_whose_hour_has_come(staffed: World) -> None:
    await wants(staffed, OCMW_2, hour=10)
    await wants(staffed, VDAB_C, first=DAY + timedelta(days=1))
    await staffed.pool.execute("UPDATE notice_preference SET daily_mail = false WHERE counsellor_id = $1", OTHER_1)
    assert {one.counsellor_id for one in await _claim(staffed)} == {OCMW_1, VDAB_1}
    assert {one.counsellor_id for one in await _claim(staffed, hour=10)} == {OCMW_2}
    assert await _claim(staffed, hour=10) == []


async def test_who_works_elsewhere_now_gets_none(staffed: World) -> None:
    """A preference is of someone in an organisation; it does not come along to the next."""
    await staffed.pool.execute("UPDATE counsellor SET organisation_id = $2 WHERE counsellor_id = $1", OCMW_1, OTHER)
    assert OCMW_1 not in {one.counsellor_id for one in await _claim(staffed)}


async def test_workers_that_look_together_share(staffed: World) -> None:
    taken = await asyncio.gather(*(_claim(staffed, most=2) for _ in range(6)))
    rest = [await _claim(staffed, most=2) for _ in range(3)]
    names = [one.counsellor_id for batch in (*taken, *rest) for one in batch]
    assert sorted(names) == sorted(PEOPLE)


async def test_once_a_day_and_again_the_next(staffed: World) -> None:
    summaries = DailySummaries(staffed.pool)
    first = await _claim(staffed)
    await summaries.settle(first[:3], "sent", at=LATER)
    await summaries.settle(first[3:], "nothing", at=LATER)
    assert await _claim(staffed, hour=23, at=LATER + timedelta(hours=12)) == []
    tomorrow = DAY + timedelta(days=1)
    again = await _claim(staffed, day=tomorrow, at=LATER + timedelta(days=1))
    assert {one.counsellor_id for one in again} == set(PEOPLE)


async def test_what_a_killed_worker_had_is_another_s_after_the_lease(staffed: World) -> None:
    """And the killed one, if it lives after all, no longer settles what has passed on."""
    summaries = DailySummaries(staffed.pool)
    lost = await _claim(staffed)
    assert await _claim(staffed, at=LATER + LEASE - timedelta(seconds=1)) == []
    found = await _claim(staffed, at=LATER + LEASE)
    assert {one.counsellor_id for one in found} == set(PEOPLE)
    await summaries.settle(lost, "sent", at=LATER + LEASE)
    await summaries.release(lost, until=LATER)
    assert await staffed.pool.fetchval("SELECT count(*) FROM daily_summary WHERE settled_at IS NOT NULL") == 0
    assert await _claim(staffed, at=LATER + LEASE + timedelta(seconds=1)) == []
    await summaries.settle(found, "sent", at=LATER + LEASE)
    assert await staffed.pool.fetchval("SELECT count(*) FROM daily_summary WHERE outcome = 'sent'") == len(PEOPLE)


async def test_what_was_given_back_waits_its_pause_and_no_longer_than_the_day(staffed: World) -> None:
    summaries = DailySummaries(staffed.pool)
    until = LATER + timedelta(minutes=2)
    await summaries.release(await _claim(staffed), until=until)
    assert await _claim(staffed, at=until - timedelta(seconds=1)) == []
    again = await _claim(staffed, at=until)
    assert {one.failures for one in again} == {1}
    await summaries.release(again, until=until + timedelta(days=3))
    tomorrow = await _claim(staffed, day=DAY + timedelta(days=1), at=LATER + timedelta(days=1))
    assert [one.failures for one in tomorrow] == [0] * len(PEOPLE)


async def test_what_waits_too_long_is_a_figure_for_who_looks_after_it(staffed: World) -> None:
    await DailySummaries(staffed.pool).settle((await _claim(staffed))[:2], "sent", at=LATER)
    late = "SELECT summaries_late($1, $2)"
    walled = Walled(staffed.pool)
    assert await walled.fetchval(late, DAY, LATER) == 0
    assert await walled.fetchval(late, DAY, LATER + timedelta(minutes=1)) == 3
    # The day is over: nobody sends yesterday's any more.
    assert await walled.fetchval(late, DAY + timedelta(days=1), LATER + timedelta(days=1)) == 0


async def test_all_are_counted_in_one_statement(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = type(staffed.pool).fetch

    async def counted(self: object, query: str, *arguments: object) -> object:
        asked.append(query)
        return await fetch(self, query, *arguments)

    monkeypatch.setattr(type(staffed.pool), "fetch", counted)
    assert len(await _claim(staffed)) == len(PEOPLE)
    assert len(asked) == 1
