"""Writes beside the journal, once per key; and keys that may go after their time."""

import asyncio
from datetime import timedelta

import pytest
from tests.domain.world import OCMW_1
from tests.record.world import SEALER, Node, counted

from handover.platform.clock import Clock
from handover.record.handle import KeyReused, Request
from handover.record.housekeeping import KEPT, forget_old_keys
from handover.record.once import InFlight, Once

REQUEST = Request(key="k", fingerprint=b"f")


class _Work:
    """Counts how often it is carried out; waits for `gate` where there is one."""

    def __init__(self, *, gate: asyncio.Event | None = None, error: Exception | None = None) -> None:
        self.times = 0
        self.started = asyncio.Event()
        self._gate, self._error = gate, error

    async def __call__(self) -> bytes:
        self.times += 1
        self.started.set()
        if self._gate:
            await self._gate.wait()
        if self._error:
            raise self._error
        return b"whsec_answer %d" % self.times


def _once(one: Node, *, later: timedelta = timedelta(0)) -> Once:
    return Once(one.pool, SEALER, Clock(later))


async def test_same_key_same_answer_carried_out_once(one: Node) -> None:
    work = _Work()
    answers = [await _once(one).answer("vdab", REQUEST, work) for _ in range(3)]
    assert (answers, work.times) == ([b"whsec_answer 1"] * 3, 1)
    with pytest.raises(KeyReused):
        await _once(one).answer("vdab", Request(key="k", fingerprint=b"g"), work)
    assert await _once(one).answer("ocmw-lindedal", REQUEST, work) == b"whsec_answer 2", "its own key"
    kept = await one.pool.fetchval("SELECT string_agg(answer, '') FROM request_once")
    assert b"whsec" not in kept, "the answer may hold a secret"


async def test_while_it_is_carried_out_nobody_else_does(one: Node) -> None:
    gate = asyncio.Event()
    work = _Work(gate=gate)
    first = asyncio.create_task(_once(one).answer("vdab", REQUEST, work))
    await work.started.wait()
    for _ in range(3):
        with pytest.raises(InFlight):
            await _once(one).answer("vdab", REQUEST, work)
    gate.set()
    assert await first == await _once(one).answer("vdab", REQUEST, work)
    assert work.times == 1


async def test_a_failure_frees_the_key(one: Node) -> None:
    failing, work = _Work(error=ValueError("no")), _Work()
    with pytest.raises(ValueError, match="no"):
        await _once(one).answer("vdab", REQUEST, failing)
    assert await counted(one.pool, "request_once") == 0
    assert await _once(one).answer("vdab", REQUEST, work) == b"whsec_answer 1"


async def test_a_request_that_died_with_its_process_is_tried_again(one: Node) -> None:
    await one.pool.execute(
        "INSERT INTO request_once (organisation_id, key, fingerprint, taken_at) VALUES ('vdab', 'k', 'f', now())"
    )
    work = _Work()
    with pytest.raises(InFlight):
        await _once(one, later=timedelta(seconds=30)).answer("vdab", REQUEST, work)
    with pytest.raises(KeyReused):
        await _once(one, later=timedelta(minutes=5)).answer("vdab", Request(key="k", fingerprint=b"g"), work)
    assert work.times == 0
    assert await _once(one, later=timedelta(minutes=5)).answer("vdab", REQUEST, work) == b"whsec_answer 1"


async def test_keys_are_forgotten_after_their_time_and_nothing_else(one: Node) -> None:
    dossier_id = await one.opened()
    await one.post(dossier_id, OCMW_1, "dossier.benefitStated", key="k", fingerprint=b"f")
    await _once(one).answer("vdab", REQUEST, _Work())
    assert await forget_old_keys(one.pool, Clock(KEPT - timedelta(minutes=5))) == 0
    assert await forget_old_keys(one.pool, Clock(KEPT + timedelta(minutes=5))) == 2
    assert (await counted(one.pool, "idempotency"), await counted(one.pool, "request_once")) == (0, 0)
    assert await counted(one.pool, "event") == 4
    assert await counted(one.pool, "ssin_lookup") == 1
    again = await one.post(dossier_id, OCMW_1, "dossier.benefitStated", key="k", fingerprint=b"f")
    assert not again.repeated
