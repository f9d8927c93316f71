"""Periods: a dossier closes when nothing happens, is erased later, and waits for the longest of all in it."""

from datetime import UTC, datetime, timedelta

from tests.domain.world import OCMW, OCMW_1, VDAB
from tests.record.world import SEALER, Node

from handover.domain.deadlines import add_months, local_day
from handover.domain.retention import Periods
from handover.record.retention import carry_out, periods_now, state_periods

NOW = datetime.now(UTC)


def _in(months: int, *, days: int = 1) -> datetime:
    day = add_months(local_day(NOW), months) + timedelta(days=days)
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def _organisations(one: Node) -> None:
    for slug, kind in ((OCMW, "ocmw"), (VDAB, "vdab")):
        await one.pool.execute(
            "INSERT INTO organisation (organisation_id, kind, enterprise_number, name) VALUES ($1, $2, $1, $1)",
            slug,
            kind,
        )


async def _carried(one: Node, at: datetime) -> tuple[int, int]:
    return await carry_out(one.pool, one.record, SEALER, at)


async def test_it_closes_and_is_erased_later(one: Node) -> None:
    await _organisations(one)
    dossier_id = (await one.open(OCMW_1)).dossier.dossier_id
    await one.post(dossier_id, OCMW_1, "intake.recorded")
    assert await _carried(one, _in(600)) == (0, 0), "nobody stated a period"
    await state_periods(one.pool, OCMW, Periods(close_after=6, erase_after=12))
    assert await periods_now(one.pool) == {OCMW: Periods(6, 12)}
    assert await _carried(one, _in(5)) == (0, 0)
    assert await _carried(one, _in(6)) == (1, 0)
    assert await _carried(one, _in(6)) == (0, 0), "once"
    found = await one.reader.dossier(dossier_id)
    assert found
    assert (found[0].closed, found[0].erased) == (True, False)
    assert await _carried(one, _in(17)) == (0, 0)
    assert await _carried(one, _in(18, days=3)) == (0, 1)
    found = await one.reader.dossier(dossier_id)
    assert found
    assert (found[0].erased, found[0].given_name) == (True, "")


async def test_the_longest_period_counts_and_an_open_thread_keeps_it(one: Node) -> None:
    await _organisations(one)
    dossier_id = (await one.open(OCMW_1)).dossier.dossier_id
    await one.post(dossier_id, OCMW_1, "handover.requested")
    await state_periods(one.pool, OCMW, Periods(1, 1))
    assert await _carried(one, _in(100)) == (0, 0), "VDAB is in it and stated none"
    await state_periods(one.pool, VDAB, Periods(24, 60))
    assert await _carried(one, _in(100)) == (0, 0), "silence never closes a thread"
    await state_periods(one.pool, VDAB, None)
    assert await periods_now(one.pool) == {OCMW: Periods(1, 1)}
