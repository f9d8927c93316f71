"""Systems that are read again and again: a stand-in of Lino's adapter, and the real record behind it."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import TracebackType
from typing import Self

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.adapters.lino.centre import BARE, NOW, client, coaching, isip
from tests.exchange.house import OCMW, House
from tests.instance import Instance, becomes

from handover.adapters.kit.adapter import AdapterError, Away, Changed, Denied
from handover.adapters.kit.plan import Plan
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.system import LINO
from handover.exchange import links as links_module
from handover.exchange.conversations import Kind
from handover.exchange.links import LEASE, Status, Trouble

SECRET = "geheim-wachtwoord"


class Account(msgspec.Struct, frozen=True):
    """What the stand-in is made with."""

    password: str


@dataclass
class Centre:
    """An OCMW's own system, and what its adapter says of it."""

    snapshot: LinoSnapshot = BARE
    wrong: Exception | None = None
    hold: asyncio.Event | None = None
    signed_in: list[str] = field(default_factory=list)
    left: int = 0
    readings: int = 0

    def adapter(self, account: Account) -> "Conversation":
        return Conversation(self, account)

    def have(self, clients: int) -> None:
        numbers = range(1, clients + 1)
        self.snapshot = replace(
            BARE,
            clients=tuple(client(n) for n in numbers),
            coachings=tuple(coaching(n, n) for n in numbers),
            isip=tuple(isip(n, n) for n in numbers),
        )


@dataclass
class Conversation:
    """One sign-in to the stand-in."""

    centre: Centre
    account: Account
    system = LINO

    async def __aenter__(self) -> Self:
        self.centre.signed_in.append(self.account.password)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.centre.left += 1

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        self.centre.readings += 1
        if self.centre.hold is not None:
            await self.centre.hold.wait()
        if self.centre.wrong is not None:
            raise self.centre.wrong
        del now
        return plan_of(self.centre.snapshot, organisation_id, now=NOW, allow_test_range=allow_test_range)


@dataclass
class Own(House):
    """With a centre as its outside system."""

    centre: Centre


@pytest.fixture
async def house(api: Instance) -> Own:
    centre = Centre()
    return Own(api, LINO, Kind(Account, centre.adapter), centre)


async def test_it_reads_when_due_and_records_only_what_is_new(house: Own) -> None:
    house.centre.have(3)
    await house.join(Account(SECRET))
    puller = house.puller()
    first = await house.read(puller)
    assert (first.outcome.clients, first.outcome.opened, first.outcome.rejects) == (3, 3, 0)
    assert first.read_at is not None
    assert (first.trouble, first.failures) == (None, 0)
    before = await house.events()
    assert before == first.outcome.recorded > 3
    await house.read(puller)
    assert house.centre.readings == 1, "not before its interval has passed"

    house.later()
    again = await house.read(puller)
    assert (house.centre.readings, again.outcome.recorded, await house.events()) == (2, 0, before)
    assert house.centre.signed_in == [SECRET], "one session, for as long as it lasts"

    house.centre.have(4)
    house.later()
    assert (await house.read(puller)).outcome.opened == 1


async def test_what_could_not_be_placed_stands_until_it_is_repaired(house: Own) -> None:
    house.centre.have(2)
    nameless = replace(client(2), national_id=None)
    house.centre.snapshot = replace(house.centre.snapshot, clients=(client(1), nameless))
    await house.join(Account(SECRET))
    puller = house.puller()
    link = await house.read(puller)
    standing = await house.links.rejects(link.link_id)
    assert link.outcome.rejects == len(standing) > 0
    assert {one.reject.key for one in standing} == {2}
    assert not any("Voorbeeld" in one.reject.reason for one in standing)
    since = standing[0].first_at

    house.later()
    await house.read(puller)
    assert [one.first_at for one in await house.links.rejects(link.link_id)] == [since] * len(standing)

    house.centre.have(2)
    assert await house.links.read_now(OCMW, LINO.name)
    repaired = await house.read(puller)
    assert await house.links.rejects(link.link_id) == []
    assert (repaired.outcome.opened, repaired.outcome.rejects) == (1, 0)
    assert len(house.centre.signed_in) == 2, "what it remembered of the system is gone: a repair is seen at once"


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        (Away("Het systeem antwoordt niet."), Trouble.AWAY),
        (Denied("Deze naam en dit wachtwoord zijn geweigerd."), Trouble.DENIED),
        (Changed("Er kwam iets anders."), Trouble.CHANGED),
        (RuntimeError("Voorbeeld Cliënt 80010100107"), Trouble.OURS),
    ],
)
async def test_what_goes_wrong_is_told_tried_later_and_forgotten(
    house: Own, wrong: Exception, trouble: Trouble
) -> None:
    house.centre.have(1)
    house.centre.wrong = wrong
    await house.join(Account(SECRET))
    puller = house.puller()
    pauses, link = [], await house.link()
    with capture_logs() as logged:
        for number in range(1, 8):
            link = await house.read(puller)
            assert (link.trouble, link.failures) == (trouble, number)
            pauses.append(link.due_at - house.services.clock.now())
            house.later(pauses[-1] + timedelta(seconds=1))
    assert link.said
    assert (str(wrong) in link.said) is isinstance(wrong, AdapterError)
    assert "80010100107" not in f"{logged}{link.said}"
    moment = timedelta(seconds=1)
    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
    assert all(late > early - moment for early, late in pairwise(pauses))
    assert pauses[-1] <= links_module.LONGEST_PAUSE
    assert link.failing_since is not None
    assert link.failing_since < link.due_at - timedelta(minutes=15)
    health = (await house.instance.http.get("/health")).json()
    assert health["status"] == "UP", "the clock of who answers has not moved"
    house.instance.services.clock.offset = house.services.clock.offset
    health = (await house.instance.http.get("/health")).json()
    assert (health["status"], "cannot be read" in health["detail"]) == ("DEGRADED", True)

    house.centre.wrong = None
    link = await house.read(puller)
    assert (link.trouble, link.said, link.failures, link.failing_since) == (None, "", 0, None)
    assert len(house.centre.signed_in) == 8, "after each failure it signs in anew"
    assert (await house.instance.http.get("/health")).json()["status"] == "UP"


async def test_a_run_that_is_killed_midway_is_done_again_and_nothing_is_recorded_twice(house: Own) -> None:
    house.centre.have(12)
    await house.join(Account(SECRET))
    assert await house.killed(after=17)
    recorded = await house.events()
    assert 0 < recorded < 12 * 4, "it died midway"
    assert (await house.link()).read_at is None

    after = house.puller()
    await house.read(after)
    assert await house.events() == recorded, "the claim of the one that died still holds"
    house.later(LEASE + timedelta(seconds=1))
    link = await house.read(after)
    assert link.read_at is not None
    assert link.outcome.clients == 12
    assert link.outcome.rejects == 0
    whole = await house.events()
    house.later()
    assert (await house.read(after)).outcome.recorded == 0
    assert await house.events() == whole
    doubled = "SELECT count(*) FROM (SELECT FROM event GROUP BY dossier_id, type HAVING count(*) > 1) q"
    assert await house.instance.pool.fetchval(doubled) == 0
    assert await house.instance.pool.fetchval("SELECT count(*) FROM dossier") == 12


async def test_of_two_workers_one_reads_and_a_claim_is_kept_for_as_long_as_it_takes(
    house: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.exchange.pulling.LEASE", timedelta(milliseconds=150))
    monkeypatch.setattr(links_module, "LEASE", timedelta(milliseconds=150))
    house.centre.have(1)
    house.centre.hold = asyncio.Event()
    await house.join(Account(SECRET))
    one, other = house.puller(), house.puller()
    assert [await one.start_due(), await other.start_due()] == [1, 0]
    await asyncio.sleep(0.5)
    assert await other.start_due() == 0, "three leases later it is still read"
    house.centre.hold.set()
    await one.idle()
    assert (house.centre.readings, (await house.link()).outcome.opened) == (1, 1)


async def test_who_lost_the_claim_writes_nothing_of_how_it_went(house: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    house.centre.have(1)
    house.centre.hold = asyncio.Event()
    await house.join(Account(SECRET))
    overtaken = house.puller()
    assert await overtaken.start_due() == 1
    await becomes(lambda: house.centre.readings == 1)
    await house.join(Account("another password"))
    house.centre.hold.set()
    await overtaken.idle()
    assert (await house.link()).read_at is None

    monkeypatch.setattr("handover.exchange.pulling.LEASE", timedelta(milliseconds=30))
    house.centre.hold = asyncio.Event()
    assert await overtaken.start_due() == 1
    await house.join(Account("a third"))
    await overtaken.idle()
    assert (await house.link()).read_at is None
    assert house.centre.signed_in == [SECRET, "another password"], "what it is made with changed, so it signs in anew"
    assert house.centre.left == 2


async def test_address_and_account_are_sealed_and_the_rest_is_changed_by_name(house: Own) -> None:
    await house.join(Account(SECRET))
    kept = await house.instance.pool.fetchval("SELECT l::text FROM adapter_link l")
    assert SECRET not in kept
    assert SECRET.encode().hex() not in kept
    link = await house.link()
    assert house.links.settings(link, Account) == Account(SECRET)
    with pytest.raises(ValueError, match="made with"):
        house.links.settings(replace(link, sealed=link.sealed[:-1] + b"x"), Account)
    assert await house.links.pause(OCMW, LINO.name)
    assert (await house.read(house.puller())).status is Status.PAUSED
    assert house.centre.readings == 0
    assert await house.links.remove(OCMW, LINO.name)
    assert await house.links.all() == []
    for change in (house.links.pause, house.links.read_now, house.links.remove):
        assert not await change(OCMW, LINO.name)


async def test_a_link_that_this_version_cannot_read_says_so(house: Own) -> None:
    await house.join(Account(SECRET))
    await house.instance.pool.execute("UPDATE adapter_link SET settings = '\\x00'")
    link = await house.read(house.puller())
    assert (link.trouble, "handover adapters add" in link.said) == (Trouble.DENIED, True)
    await house.instance.pool.execute("UPDATE adapter_link SET system = 'elsewhere', due_at = now()")
    link = await house.read(house.puller())
    assert (link.trouble, "elsewhere" in link.said) == (Trouble.DENIED, True)
