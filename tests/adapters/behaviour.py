"""What every adapter must do, whatever it reads: each check has an adapter, its outside system, and the real record.

An adapter brings `Hands`: what a test may do to its outside system. A check fails with AssertionError.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from structlog.testing import capture_logs
from tests.exchange.house import OCMW, House

from handover.adapters.kit.plan import Plan
from handover.exchange.links import LEASE, Link, Trouble

CLIENTS = 5


class Hands(Protocol):
    """Does to the outside system what its people, its network and its administrators do."""

    @property
    def settings(self) -> msgspec.Struct:
        """What a link is made with."""
        ...

    async def have(self, clients: int) -> None:
        """Have clients 1 to `clients`, each followed, with a contract that runs: several steps each."""
        ...

    async def change(self, client: int, times: int = 1) -> None:
        """Change that client's contract as people do; another way each time."""
        ...

    async def change_back(self, client: int) -> None:
        """Make that contract again what it was at first."""
        ...

    async def spoil(self, client: int) -> None:
        """Make it impossible to know who that client is."""
        ...

    async def mend(self, client: int) -> None:
        """Repair it."""
        ...

    async def end_session(self) -> None:
        """Forget who is signed in."""
        ...

    async def go_away(self) -> None:
        """Answer nobody."""
        ...

    async def come_back(self) -> None:
        """Answer again."""
        ...

    async def refuse(self) -> None:
        """Let the account in no more."""
        ...

    def personal(self) -> list[str]:
        """Give names, numbers and secrets that stand there and must be seen nowhere outside a dossier."""
        ...


@dataclass
class Bench:
    """An adapter under test."""

    house: House
    hands: Hands
    said: list[str] = field(default_factory=list)
    """What was told to people who run the service, and what was logged."""

    async def begin(self) -> Link:
        """Have some clients and read them."""
        await self.hands.have(CLIENTS)
        await self.house.join(self.hands.settings)
        return await self.read()

    async def read(self) -> Link:
        """Read once more, with a conversation that goes on where there is one."""
        self.house.later()
        with capture_logs() as logged:
            link = await self.house.read(self._puller)
        standing = await self.house.links.rejects(link.link_id)
        self.said += [str(entry) for entry in logged]
        self.said += [link.said, *(f"{one.reject.source} {one.reject.reason}" for one in standing)]
        return link

    async def rejected(self) -> set[int]:
        """Give the keys of what could not be placed."""
        link = await self.house.link()
        return {one.reject.key for one in await self.house.links.rejects(link.link_id)}

    def __post_init__(self) -> None:
        self._puller = self.house.puller()

    def renew(self) -> None:
        """Read from here on as another worker would."""
        self._puller = self.house.puller()


async def reads_again_and_records_nothing(bench: Bench) -> None:
    """Idempotent: what stands there as before is recorded once, by whichever worker."""
    first = await bench.begin()
    assert first.trouble is None, first.said
    assert first.outcome.opened == CLIENTS
    recorded = await bench.house.events()
    assert recorded > CLIENTS
    for _ in range(3):
        again = await bench.read()
        assert again.trouble is None, again.said
        assert again.outcome.recorded == 0
        bench.renew()
    assert await bench.house.events() == recorded


async def records_each_change_once(bench: Bench) -> None:
    """What changes there becomes a step, also when it goes back to what it was."""
    await bench.begin()
    for times in (1, 2, 0, 1):
        if times:
            await bench.hands.change(2, times)
        else:
            await bench.hands.change_back(2)
        assert (await bench.read()).outcome.recorded == 1
        assert (await bench.read()).outcome.recorded == 0
    await bench.hands.have(CLIENTS + 1)
    assert (await bench.read()).outcome.opened == 1


async def tells_what_it_cannot_place(bench: Bench) -> None:
    """Refuses and reports: a row that is unclear holds up no other, is listed, and is placed once it is repaired."""
    await bench.hands.have(CLIENTS)
    await bench.hands.spoil(3)
    await bench.house.join(bench.hands.settings)
    link = await bench.read()
    assert link.trouble is None, link.said
    assert link.outcome.opened == CLIENTS - 1
    assert link.outcome.clients == CLIENTS, "every client is counted, those that cannot be placed as well"
    assert 3 in await bench.rejected(), "it is listed, by its number there"
    await bench.hands.mend(3)
    link = await bench.read()
    assert (link.outcome.opened, link.outcome.rejects) == (1, 0)
    assert await bench.rejected() == set()


async def keeps_what_it_had_when_it_is_away(bench: Bench) -> None:
    """A session that ended is renewed unseen; one who does not answer, or refuses, is told, and nothing is undone."""
    await bench.begin()
    recorded = await bench.house.events()
    await bench.hands.end_session()
    link = await bench.read()
    assert link.trouble is None, link.said
    assert (link.outcome.clients, link.outcome.rejects) == (CLIENTS, 0)
    for wrong, trouble in ((bench.hands.go_away, Trouble.AWAY), (bench.hands.refuse, Trouble.DENIED)):
        await wrong()
        link = await bench.read()
        assert link.trouble is trouble, link.said
        assert link.said.endswith((".", "?"))
        assert link.outcome.clients == CLIENTS, "what is known of before stays"
        await bench.hands.come_back()
        assert await bench.house.links.read_now(OCMW, link.system)
        link = await bench.read()
        assert link.trouble is None, link.said
        assert (link.outcome.clients, link.outcome.rejects) == (CLIENTS, 0)
    assert await bench.house.events() == recorded


async def loses_nothing_when_it_is_killed(bench: Bench) -> None:
    """Killed after each so many steps, by turns; in the end everything stands there, and once."""
    await bench.hands.have(CLIENTS)
    await bench.house.join(bench.hands.settings)
    deaths = 0
    for after in (1, 2, 3, 5, 8, 3, 2):
        deaths += await bench.house.killed(after=after)
        bench.house.later(LEASE)
    assert deaths > 3, "it was killed while it recorded"
    bench.renew()
    link = await bench.read()
    assert link.trouble is None, link.said
    assert (link.outcome.clients, link.outcome.rejects) == (CLIENTS, 0)
    whole = await bench.house.events()
    assert (await bench.read()).outcome.recorded == 0
    pool = bench.house.instance.pool
    assert await pool.fetchval("SELECT count(*) FROM dossier") == CLIENTS
    doubled = "SELECT count(*) FROM (SELECT FROM event GROUP BY dossier_id, type HAVING count(*) > 1) q"
    assert await pool.fetchval(doubled) == 0, "each client has one of each"
    each = "SELECT DISTINCT count(*) FROM event GROUP BY dossier_id"
    assert [row[0] for row in await pool.fetch(each)] == [whole / CLIENTS], "and all have the same"


async def leaks_nothing(bench: Bench) -> None:
    """Names, numbers and secrets stand in no sentence, log or representation."""
    await bench.hands.have(CLIENTS)
    await bench.hands.spoil(1)
    await bench.hands.spoil(4)
    await bench.house.join(bench.hands.settings)
    await bench.read()
    for wrong in (bench.hands.go_away, bench.hands.refuse):
        await wrong()
        await bench.read()
        await bench.hands.come_back()
        await bench.house.links.read_now(OCMW, bench.house.system.name)
        await bench.read()
    adapter = bench.house.kind.adapter(bench.hands.settings)
    async with adapter:
        plan: Plan = await adapter.plan(OCMW, now=bench.house.services.clock.now(), allow_test_range=True)
    assert plan.clients_read == CLIENTS
    shown = [*bench.said, repr(bench.hands.settings), repr([p.opening for p in plan.placements]), repr(plan.rejects)]
    values = bench.hands.personal()
    assert values
    for value in values:
        assert not any(value in text for text in shown), "a personal value or a secret is shown"


Check = Callable[[Bench], Awaitable[None]]
CHECKS: tuple[Check, ...] = (
    reads_again_and_records_nothing,
    records_each_change_once,
    tells_what_it_cannot_place,
    keeps_what_it_had_when_it_is_away,
    loses_nothing_when_it_is_killed,
    leaks_nothing,
)
