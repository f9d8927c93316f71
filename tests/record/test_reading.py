import asyncio
from uuid import UUID

import pytest
from tests.domain.world import OCMW, OCMW_1, OTHER, VDAB, VDAB_1
from tests.record.world import Node, connection, ssin, until

from handover.platform.ids import new_id
from handover.record import codec
from handover.record.reading import cursor, parse_cursor

GATE = 4712


async def _feed(one: Node, organisation: str = OCMW, *, limit: int = 100) -> list[tuple[UUID, int]]:
    """The whole feed, read page by page as a caller would."""
    after, found = "", []
    while page := await one.reader.feed(organisation, after=after, limit=limit):
        assert len(page) <= limit
        found += [(UUID(int=item.dossier_id.int), item.sequence) for item in page]
        after = page[-1].cursor
    return found


async def test_a_late_commit_is_not_skipped(two: tuple[Node, Node], database: str) -> None:
    """Scorecard 25: the transaction that began first commits last."""
    late, soon = await two[0].opened(), await two[0].opened()
    after = (await two[0].reader.feed(OCMW, after="", limit=100))[-1].cursor
    async with connection(database) as beside:
        await beside.execute(
            f"""
            CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.dossier_id = '{late}') EXECUTE FUNCTION wait_at_gate();
            SELECT pg_advisory_lock({GATE});
            """
        )
        writing = asyncio.create_task(two[0].post(late, OCMW_1, "dossier.benefitStated"))
        await until(
            beside,
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE wait_event = 'advisory' AND datname = current_database())",
        )
        for _ in range(3):
            await two[1].post(soon, OCMW_1, "dossier.benefitStated")
        committed = await beside.fetch("SELECT xid::text::bigint AS xid FROM feed WHERE sequence > 3")
        assert len(committed) == 3, "the later ones are committed and can be seen"
        assert not writing.done(), "the earlier one is not"
        assert await two[1].reader.feed(OCMW, after=after, limit=100) == [], "the feed waits for it"
        await beside.execute(f"SELECT pg_advisory_unlock({GATE})")
        await writing
        page = await two[1].reader.feed(OCMW, after=after, limit=100)
        assert [(UUID(int=i.dossier_id.int), i.sequence) for i in page] == [(late, 4), (soon, 4), (soon, 5), (soon, 6)]
        first = await beside.fetchval("SELECT xid::text::bigint FROM feed WHERE dossier_id = $1 AND sequence = 4", late)
        assert first < min(row["xid"] for row in committed), "it had begun before them"


async def test_reading_while_others_write_misses_nothing(two: tuple[Node, Node]) -> None:
    dossiers = [await two[0].opened() for _ in range(6)]
    writing = [
        asyncio.create_task(two[n % 2].post(d, OCMW_1, "dossier.benefitStated")) for n in range(8) for d in dossiers
    ]
    after, seen = "", []
    while not all(task.done() for task in writing) or await two[0].reader.feed(OCMW, after=after, limit=1):
        for item in await two[0].reader.feed(OCMW, after=after, limit=7):
            seen.append((UUID(int=item.dossier_id.int), item.sequence))
            after = item.cursor
        await asyncio.sleep(0)
    await asyncio.gather(*writing)
    assert len(seen) == len(set(seen)) == 6 * (3 + 8)
    for dossier_id in dossiers:
        assert [s for d, s in seen if d == dossier_id] == list(range(1, 12)), "in order per dossier"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_any_size_make_one_feed(one: Node, limit: int) -> None:
    dossier_id = await one.opened()
    await one.post(dossier_id, OCMW_1, "handover.requested")
    await one.post(dossier_id, VDAB_1, "handover.accepted")
    assert await _feed(one, limit=limit) == [(dossier_id, n) for n in range(1, 7)]
    assert await _feed(one, VDAB, limit=limit) == [(dossier_id, n) for n in (4, 5, 6)]
    assert await _feed(one, OTHER, limit=limit) == []


async def test_the_feed_gives_the_stored_bytes(one: Node) -> None:
    handled = await one.open()
    items = await one.reader.feed(OCMW, after="", limit=10)
    assert tuple(item.body for item in items) == handled.bodies
    assert {item.dossier.dossier_id for item in items} == {handled.dossier.dossier_id}
    assert await one.reader.feed(OCMW, after=items[-1].cursor, limit=10) == []


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "-",
        "1",
        "1-",
        "-1",
        "1-1-1",
        "g-1",
        "0x1-1",
        "1-0x1",
        "1_0-1",
        " 1-1",
        "1-1\n",
        "1-1\0",
        "A-1",
        "\N{FULLWIDTH DIGIT ONE}-1",
        "\N{ARABIC-INDIC DIGIT ONE}-1",
        "\N{SUPERSCRIPT TWO}-1",
        "8000000000000000-1",
        "1-8000000000000000",
        "00000000000000001-1",
        "f" * 40,
        "\ud800-1",
        "1-1; DROP TABLE event",
    ],
)
async def test_a_cursor_that_the_feed_did_not_give(shared: Node, garbage: str) -> None:
    with pytest.raises(ValueError, match="no cursor of this feed"):
        parse_cursor(garbage)
    with pytest.raises(ValueError, match="no cursor of this feed"):
        await shared.reader.feed(OCMW, after=garbage, limit=1)


@pytest.mark.parametrize("place", [(0, 0), (1, 2), (0xABCDEF, 10), ((1 << 63) - 1, (1 << 63) - 1)])
def test_a_cursor_survives(place: tuple[int, int]) -> None:
    assert parse_cursor(cursor(*place)) == place
    assert parse_cursor(cursor(str(place[0]), place[1])) == place


def test_the_beginning() -> None:
    assert parse_cursor("") == (0, 0)


async def test_timeline(shared: Node) -> None:
    dossier_id = await shared.opened()
    await shared.post(dossier_id, OCMW_1, "handover.requested")

    async def sequences(*, after: int = 0, limit: int = 1000) -> list[int]:
        found = await shared.reader.timeline(dossier_id, after=after, limit=limit)
        assert found
        assert found.dossier.version == 5
        return [codec.decode_event(body).sequence for body in found.bodies]

    assert await sequences() == [1, 2, 3, 4, 5]
    assert await sequences(after=3) == [4, 5]
    assert await sequences(after=1, limit=2) == [2, 3]
    assert await sequences(after=5) == []
    assert await shared.reader.timeline(new_id()) is None


async def test_one_event(shared: Node) -> None:
    first, second = await shared.open(), await shared.open()
    event_id = codec.decode_event(first.bodies[1]).event_id
    found = await shared.reader.event(first.dossier.dossier_id, event_id)
    assert found
    assert found.bodies == (first.bodies[1],)
    elsewhere = await shared.reader.event(second.dossier.dossier_id, event_id)
    assert elsewhere
    assert elsewhere.bodies == (), "not under another dossier"
    assert await shared.reader.event(new_id(), event_id) is None


async def test_found_by_ssin(shared: Node) -> None:
    number = ssin()
    handled = await shared.open(number=number)
    assert await shared.reader.find(number) == (handled.dossier, number)
    assert await shared.reader.find(ssin()) is None
    found = await shared.reader.dossier(handled.dossier.dossier_id)
    assert found == (handled.dossier, number)
    assert await shared.reader.dossier(new_id()) is None
