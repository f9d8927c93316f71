"""Who asks too often is told so, and how long to wait; others are not held up by it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from handover.access import limits as module
from handover.access.limits import Limits
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Actor, Caller, Organisation
from tests.instance import Instance, Party, running
from tests.web.support import BELGIF, problem

_PATH = "/v1/refData"


@pytest.fixture
async def narrow(database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    """Five requests a second for a client, eight for an organisation, six refusals a minute for an address."""
    few: dict[str, Any] = {
        "client_requests_per_second": 5,
        "organisation_requests_per_second": 8,
        "refusals_per_minute": 6,
    }
    async with running(database, tmp_path, work=False, **few) as found:
        yield found


def _refused(answer: httpx.Response) -> int:
    found = problem(answer, 429, f"{BELGIF}tooManyRequests")
    seconds = answer.headers["retry-after"]
    assert seconds.isdigit()
    assert seconds in found["detail"]
    return int(seconds)


async def _ask(party: Party, count: int) -> tuple[Counter[int], httpx.Response]:
    answers = await asyncio.gather(*(party.get(_PATH) for _ in range(count)))
    return Counter(answer.status_code for answer in answers), max(answers, key=lambda answer: answer.status_code)


async def test_a_client_an_organisation_and_whoever_else(narrow: Instance) -> None:
    software, person = narrow.party("vdab"), narrow.party("vdab", "bemiddelaar-1")
    other = narrow.party("ocmw-lindedal")
    statuses, last = await _ask(software, 12)
    assert statuses == {200: 5, 429: 7}
    assert _refused(last) == 1, "the window is a second"
    statuses, last = await _ask(person, 6)
    assert statuses == {200: 3, 429: 3}, "the organisation has eight in all"
    _refused(last)
    assert (await other.get(_PATH)).status_code == 200
    await asyncio.sleep(_refused(last) + 0.05)
    assert (await software.get(_PATH)).status_code == 200, "who waits as long as told is served"


async def test_an_address_from_which_nobody_is_let_in(narrow: Instance) -> None:
    """Known tokens go on to count; strangers wait. `X-Forwarded-For` counts because a proxy on loopback gives it."""
    good, late = narrow.party("vdab"), narrow.party("vdab", "bemiddelaar-1")
    assert (await good.get(_PATH)).status_code == 200

    async def stranger(**headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await narrow.http.get(_PATH, headers={"Authorization": "Bearer x.y.z"} | named)

    assert [(await stranger()).status_code for _ in range(6)] == [401] * 6
    assert 1 <= _refused(await stranger()) <= 60
    _refused(await narrow.http.get(_PATH))
    _refused(await late.get(_PATH))
    assert (await good.get(_PATH)).status_code == 200, "its token was good before"
    assert (await stranger(X_Forwarded_For="192.0.2.7")).status_code == 401
    for n in range(6):
        assert (await stranger(X_Forwarded_For=f"2001:db8::{n}")).status_code == 401
    _refused(await stranger(X_Forwarded_For="2001:db8::ffff"))
    assert (await stranger(X_Forwarded_For="2001:db8:0:1::1")).status_code == 401, "another network"


def _caller(name: str) -> Caller:
    organisation = Organisation(
        organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number="0887010362", name="VDAB"
    )
    return Caller(organisation=organisation, actor=Actor(name=name, application=name))


def test_no_limit_counts_nothing() -> None:
    none = Limits(client_per_second=0, organisation_per_second=0, refusals_per_minute=0)
    assert {none.asked(_caller("x")) for _ in range(10_000)} == {0}
    for _ in range(10_000):
        none.refused("192.0.2.1")
    assert none.must_wait("192.0.2.1") == 0


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WINDOWS", 10)
    store = module.NewestWindows()
    for n in range(1000):
        store.incr(f"address-{n}", 60)
    assert store.reset() == 10


def test_what_it_costs() -> None:
    usual = Limits(client_per_second=1_000_000, organisation_per_second=1_000_000, refusals_per_minute=1_000_000)
    caller, count = _caller("x"), 20_000
    began = time.process_time()
    for _ in range(count):
        usual.must_wait("192.0.2.1")
        usual.asked(caller)
    each = (time.process_time() - began) / count * 1e6
    print(f"\nrate limits: {each:.1f} µs of processor a request")  # noqa: T201 - a figure of the report
    assert each < 200
