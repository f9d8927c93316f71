"""The population that the screens are measured on: a small one, written as the large one is, holds together."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.population.copies import client
from benchmarks.population.filling import populate
from benchmarks.population.places import Size

from handover.cli.seed import seed_directory
from handover.domain.dossier import fold
from handover.domain.identity import birth_date_of, is_ssin
from handover.inbox.check import check
from handover.inbox.projector import Projector
from handover.platform.settings import Settings
from handover.record import codec, exporting
from handover.record.scheduling import Scheduler
from handover.record.sealing import KEY_OF
from handover.record.verifying import Verdict, verify
from handover.wiring import Services, services

SIZE = Size(dossiers=400, organisations=12, counsellors=150, models=30)
_ALL = f"""
SELECT d.dossier_id, {KEY_OF.format("d")} AS keys,
       ARRAY(SELECT e.body FROM event e WHERE e.dossier_id = d.dossier_id ORDER BY e.sequence) AS bodies
FROM dossier d
"""  # noqa: S608 - a constant


async def test_a_population_is_what_the_service_itself_would_have_written(database: str, tmp_path: Path) -> None:
    async with services(Settings(data_dir=tmp_path, database_url=database), pool_size=2) as ready:
        await seed_directory(ready)
        await populate(ready, SIZE)
        counted = await ready.pool.fetchrow("SELECT count(*) AS dossiers, count(DISTINCT head) AS heads FROM dossier")
        assert tuple(counted) == (SIZE.dossiers, SIZE.dossiers)
        assert await check(ready.pool, ready.sealer) == []
        await _chained(ready)
        await _caught_up(ready)
        await _peopled(ready)


async def _chained(ready: Services) -> None:
    """Chains, tree and checkpoint are as an export must have them; a changed byte would be found."""
    async with ready.pool.acquire() as connection:
        lines = [line async for line in exporting.lines(connection, ready.log.verifier_key, ready.clock.now())]
    report = verify(lines)
    assert report.verdict is Verdict.OK, report.findings[:5]
    assert (report.dossiers, report.checkpoints) == (SIZE.dossiers, 1)
    assert report.events == report.sealed > 5 * SIZE.dossiers
    middle = len(lines) // 2
    body_at = lines[middle].index(b'"body":"') + 20
    spoilt = bytearray(lines[middle])
    spoilt[body_at] = ord("A") if spoilt[body_at] != ord("A") else ord("B")
    assert verify([*lines[:middle], bytes(spoilt), *lines[middle + 1 :]]).verdict is Verdict.TAMPERED


async def _caught_up(ready: Services) -> None:
    """Nothing is left for the worker: it would not wait, and would disturb what is measured."""
    before = await ready.pool.fetchval("SELECT count(*) FROM event")
    async with asyncio.timeout(10):
        await Projector(ready.pool, ready.dsn, ready.sealer).catch_up()
    assert await Scheduler(ready.pool, ready.record, ready.clock).pass_time() == 0
    assert await ready.log.seal(ready.clock.now()) is None
    assert await ready.pool.fetchval("SELECT count(*) FROM event") == before
    missing = "SELECT count(*) FROM feed f LEFT JOIN inscribed i USING (dossier_id, organisation_id) WHERE i IS NULL"
    assert await ready.pool.fetchval(missing) == 0


async def _peopled(ready: Services) -> None:
    """Everybody who is named in a dossier works where it says, and inboxes hold what real ones hold."""
    directory, now = ready.directory_now(), ready.clock.now()
    assert len(directory.organisations) == SIZE.organisations
    assert abs(len(directory.counsellors) - SIZE.counsellors) < 20
    assert all(directory.agreement_of([o], now.date()) for o in directory.organisations if o.startswith("ocmw-"))
    found: Counter[str] = Counter()
    clients = set()
    for row in await ready.pool.fetch(_ALL):
        key = ready.sealer.dossier(row["dossier_id"], row["keys"])
        bodies = codec.open_events(key, row["bodies"], first=1)
        assert not any(b"standin" in body or b"1904-05-06" in body for body in bodies)
        dossier = fold(map(codec.decode_event, bodies))
        assert dossier
        assert 5 <= dossier.version <= 60
        assert all(directory.counsellor_of(c.organisation, c.counsellor) for c in dossier.contacts)
        assert all(i.organisation in directory.organisations for i in dossier.inscriptions)
        assert dossier.closed or 1 <= len(dossier.open_threads) <= 3
        clients.add((dossier.given_name, dossier.family_name, dossier.birth_date))
        found["closed"] += dossier.closed
        found["late"] += any(thread.is_overdue(now) for thread in dossier.open_threads)
        found["going"] += len(dossier.open_threads)
    assert len(clients) == SIZE.dossiers
    assert 0 < found["closed"] < SIZE.dossiers / 2
    assert 0 < found["late"] < SIZE.dossiers / 2
    news = """
    SELECT count(*) FILTER (WHERE i.foreign_sequence > coalesce(s.sequence, 0)) AS unseen, count(*) AS total
    FROM inbox_dossier i CROSS JOIN LATERAL unnest(i.counsellors) AS c (counsellor_id)
    LEFT JOIN inbox_seen s USING (organisation_id, counsellor_id, dossier_id)
    """
    unseen, total = await ready.pool.fetchrow(news)
    assert 0 < unseen < total / 2


@pytest.mark.parametrize("number", [0, 1, 14_999, 15_000, 199_999])
def test_clients_have_test_numbers_of_their_own(number: int) -> None:
    _, born, ssin = client(number)
    assert is_ssin(ssin, today=born.replace(year=2026, day=1), allow_test_range=True)
    assert not is_ssin(ssin, today=born.replace(year=2026, day=1), allow_test_range=False)
    assert birth_date_of(ssin) == born


def test_no_two_clients_are_the_same() -> None:
    clients = [client(number) for number in range(0, 200_000, 7)]
    assert len({name for name, _, _ in clients}) == len({ssin for _, _, ssin in clients}) == len(clients)
