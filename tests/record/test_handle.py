"""The one door to write, on a real PostgreSQL and with real races."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from tests.domain.world import AT, OCMW, OCMW_1, OTHER_1, VDAB, VDAB_1, opening
from tests.record.world import Node, counted, problems, ssin

from handover.domain.codes_follow_up import Benefit
from handover.domain.kinds.intake import BenefitStated
from handover.domain.refusals import IdentityMismatch, StaleVersion, Unseen, WrongState
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import Handled, KeyReused, Request

STEP = "dossier.benefitStated"


async def test_what_is_answered_is_what_is_stored(one: Node) -> None:
    handled = await one.open()
    assert (handled.opened, handled.repeated, one.woken) == (True, False, 1)
    found = await one.reader.timeline(handled.dossier.dossier_id)
    assert found
    assert found.bodies == handled.bodies
    assert found.dossier == handled.dossier
    again = await one.post(handled.dossier.dossier_id, OCMW_1, "handover.requested")
    assert not again.opened
    assert [codec.decode_event(body).sequence for body in again.bodies] == [4, 5]
    assert one.woken == 2
    assert await problems(one.pool, handled.dossier.dossier_id) == []


async def test_fifty_writers_on_one_dossier(two: tuple[Node, Node]) -> None:
    """Scorecard 26: gapless and one chain, whoever wins."""
    dossier_id = await two[0].opened()
    benefits = [benefit for benefit in Benefit if benefit is not Benefit.UNEMPLOYMENT]  # that would be a conflict

    async def write(n: int) -> Handled:
        data = BenefitStated(benefit=benefits[n % len(benefits)], since=AT.date())
        return await two[n % 2].post(dossier_id, OCMW_1, STEP, data, key=f"writer-{n}", fingerprint=b"%d" % n)

    answers = await asyncio.gather(*(write(n) for n in range(50)))
    sequences = sorted(codec.decode_event(body).sequence for answer in answers for body in answer.bodies)
    assert sequences == list(range(4, 54)), "each wrote once, none overwrote another"
    assert not any(answer.repeated for answer in answers)
    assert await problems(two[0].pool, dossier_id) == []
    assert await counted(two[0].pool, "event") == 53
    assert await counted(two[0].pool, "feed") == 53
    assert await counted(two[0].pool, "idempotency") == 50


async def test_writers_on_many_dossiers_do_not_wait_in_a_circle(two: tuple[Node, Node]) -> None:
    dossiers = [await two[0].opened() for _ in range(8)]
    work = [two[n % 2].post(d, OCMW_1, STEP) for n in range(6) for d in (dossiers if n % 2 else dossiers[::-1])]
    await asyncio.gather(*work)
    for dossier_id in dossiers:
        assert await problems(two[0].pool, dossier_id) == []
    assert await counted(two[0].pool, "event") == 8 * (3 + 6)


# --- idempotency ------------------------------------------------------------------------------------------------


async def test_same_key_and_body_same_answer(one: Node) -> None:
    dossier_id = await one.opened()
    first = await one.post(dossier_id, OCMW_1, "handover.requested", key="k", fingerprint=b"f")
    await one.post(dossier_id, OCMW_1, STEP)
    woken = one.woken
    again = await one.post(dossier_id, OCMW_1, "handover.requested", key="k", fingerprint=b"f")
    assert again.repeated
    assert again.bodies == first.bodies
    assert len(first.bodies) == 2
    assert again.dossier.version == 6, "the dossier as it is now"
    assert await counted(one.pool, "event") == 6
    assert one.woken == woken, "nothing new to deliver"


async def test_twenty_at_once_record_once(two: tuple[Node, Node]) -> None:
    """Scorecard 27."""
    dossier_id = await two[0].opened()
    before = await counted(two[0].pool, "event")
    answers = await asyncio.gather(
        *(two[n % 2].post(dossier_id, OCMW_1, STEP, key="k", fingerprint=b"f") for n in range(20))
    )
    assert len({answer.bodies for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 19
    assert await counted(two[0].pool, "event") == before + 1
    assert await problems(two[0].pool, dossier_id) == []


async def test_twenty_openings_at_once_open_once(two: tuple[Node, Node]) -> None:
    number = ssin()
    answers = await asyncio.gather(*(two[n % 2].open(number=number, key="k", fingerprint=b"f") for n in range(20)))
    assert len({answer.dossier.dossier_id for answer in answers}) == 1
    assert len({answer.bodies for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 19
    assert await counted(two[0].pool, "dossier") == 1
    assert await counted(two[0].pool, "ssin_lookup") == 1
    assert await counted(two[0].pool, "event") == 3


async def test_same_key_other_body_is_refused(one: Node) -> None:
    """Scorecard 28."""
    dossier_id = await one.opened()
    await one.post(dossier_id, OCMW_1, STEP, key="k", fingerprint=b"f")
    with pytest.raises(KeyReused):
        await one.post(dossier_id, OCMW_1, STEP, key="k", fingerprint=b"g")
    other = await one.opened()
    with pytest.raises(KeyReused):
        await one.post(other, OCMW_1, STEP, key="k", fingerprint=b"g")
    assert await counted(one.pool, "event") == 7


async def test_same_key_other_body_at_once_leaves_one(two: tuple[Node, Node]) -> None:
    dossier_id = await two[0].opened()
    answers = await asyncio.gather(
        *(two[n].post(dossier_id, OCMW_1, STEP, key="k", fingerprint=b"%d" % n) for n in (0, 1)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Handled", "KeyReused"]
    assert await counted(two[0].pool, "event") == 4


async def test_a_key_is_the_organisations_own(one: Node) -> None:
    dossier_id = await one.opened()
    await one.open(VDAB_1, number=ssin(), key="k", fingerprint=b"a")
    first = await one.post(dossier_id, OCMW_1, STEP, key="k", fingerprint=b"b")
    assert not first.repeated


async def test_a_refused_request_leaves_its_key_free(one: Node) -> None:
    dossier_id = await one.opened()
    with pytest.raises(WrongState):
        await one.post(dossier_id, OCMW_1, "handover.cancelled", key="k", fingerprint=b"f")
    assert await counted(one.pool, "idempotency") == 0
    await one.post(dossier_id, OCMW_1, "handover.requested")
    handled = await one.post(dossier_id, OCMW_1, "handover.cancelled", key="k", fingerprint=b"f")
    assert not handled.repeated


async def test_a_key_remembers_that_nothing_was_needed(one: Node) -> None:
    number = ssin()
    first = await one.open(number=number)
    nothing = await one.open(number=number, key="k", fingerprint=b"f")
    assert (nothing.bodies, nothing.repeated) == ((), False)
    assert nothing.dossier == first.dossier
    again = await one.open(number=number, key="k", fingerprint=b"f")
    assert (again.bodies, again.repeated) == ((), True)
    with pytest.raises(KeyReused):
        await one.open(number=number, key="k", fingerprint=b"g")
    assert await problems(one.pool, first.dossier.dossier_id) == []


async def test_neighbours_in_a_batch_do_not_pay(one: Node) -> None:
    """A repeat, a conflict, a refusal and a key that no database takes, all submitted in one breath."""
    repeated, contended, fresh, bad = [await one.opened() for _ in range(4)]
    await one.post(repeated, OCMW_1, STEP, key="k", fingerprint=b"f")
    answers = await asyncio.gather(
        one.post(repeated, OCMW_1, STEP, key="k", fingerprint=b"f"),
        one.post(repeated, OCMW_1, STEP, key="k", fingerprint=b"other"),
        one.post(contended, OCMW_1, STEP),
        one.post(contended, OCMW_1, STEP),
        one.post(fresh, OCMW_1, STEP, key="fresh", fingerprint=b"f"),
        one.post(fresh, OTHER_1, STEP),
        one.post(bad, OCMW_1, STEP, key="nul \0 in it", fingerprint=b"f"),
        one.open(number=ssin()),
        return_exceptions=True,
    )
    assert [type(answer).__name__ for answer in answers] == [
        "Handled",
        "KeyReused",
        "Handled",
        "Handled",
        "Handled",
        "Unseen",
        "CharacterNotInRepertoireError",
        "Handled",
    ]
    assert [a.repeated for a in answers if isinstance(a, Handled)] == [True, False, False, False, False]
    for dossier_id in (repeated, contended, fresh, bad):
        assert await problems(one.pool, dossier_id) == []
    versions = [await _version(one, d) for d in (repeated, contended, fresh, bad)]
    assert versions == [4, 5, 4, 3]


async def _version(one: Node, dossier_id: UUID) -> int:
    return int(await one.pool.fetchval("SELECT version FROM dossier WHERE dossier_id = $1", dossier_id))


# --- one client, one dossier ------------------------------------------------------------------------------------


async def test_two_processes_open_the_same_client(two: tuple[Node, Node]) -> None:
    numbers = [ssin() for _ in range(10)]
    answers = await asyncio.gather(
        *(two[n].open(who, number=number) for number in numbers for n, who in ((0, OCMW_1), (1, VDAB_1)))
    )
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    for number, (ocmw, vdab) in zip(numbers, pairs, strict=True):
        assert ocmw.dossier.dossier_id == vdab.dossier.dossier_id
        assert sorted((ocmw.opened, vdab.opened)) == [False, True], "one opened, the other joined"
        looked_up = await two[0].reader.find(number)
        assert looked_up
        found, kept_under = looked_up
        assert kept_under == number
        assert {i.organisation for i in found.inscriptions} == {OCMW, VDAB}
        assert await problems(two[0].pool, found.dossier_id) == []
    assert await counted(two[0].pool, "dossier") == 10
    assert await counted(two[0].pool, "ssin_lookup") == 10


async def test_another_name_does_not_open_a_second_one(one: Node) -> None:
    number = ssin()
    await one.open(number=number)
    command = opening(VDAB_1, command_id=new_id(), dossier_id=new_id(), family_name="Twee")
    with pytest.raises(IdentityMismatch):
        await one.record.handle(command, Request(ssin=number), at=AT)
    assert await counted(one.pool, "event") == 3


# --- versions ---------------------------------------------------------------------------------------------------


async def test_if_match(one: Node) -> None:
    dossier_id = await one.opened()
    for stale in (2, 4):
        with pytest.raises(StaleVersion):
            await one.post(dossier_id, OCMW_1, STEP, if_match=stale)
    assert (await one.post(dossier_id, OCMW_1, STEP, if_match=3)).dossier.version == 4
    with pytest.raises(StaleVersion):
        await one.post(new_id(), OCMW_1, STEP, if_match=1)


async def test_if_match_lets_one_of_many_through(two: tuple[Node, Node]) -> None:
    dossier_id = await two[0].opened()
    answers = await asyncio.gather(
        *(two[n % 2].post(dossier_id, OCMW_1, STEP, if_match=3) for n in range(12)), return_exceptions=True
    )
    assert sorted(type(a).__name__ for a in answers) == ["Handled"] + ["StaleVersion"] * 11
    assert await counted(two[0].pool, "event") == 4


async def test_an_unknown_dossier_is_unseen(one: Node) -> None:
    with pytest.raises(Unseen):
        await one.post(new_id(), OCMW_1, STEP)
    assert await counted(one.pool, "event") == 0


async def test_the_feed_holds_who_is_entitled(one: Node) -> None:
    dossier_id = await one.opened()
    await one.post(dossier_id, OCMW_1, "handover.requested")
    await one.post(dossier_id, VDAB_1, "handover.rejected")
    await one.post(dossier_id, OCMW_1, STEP)
    rows: list[asyncpg.Record] = await one.pool.fetch("SELECT organisation_id, sequence FROM feed ORDER BY 1, 2")
    seen = {o: [r["sequence"] for r in rows if r["organisation_id"] == o] for o in (OCMW, VDAB)}
    assert seen == {OCMW: [1, 2, 3, 4, 5, 6, 7, 8], VDAB: [4, 5, 6, 7]}
