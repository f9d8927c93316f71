"""Every adapter behaves; five mistakes that are easily made are noticed, each by the check that is about it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import pytest
from tests.adapters import behaviour
from tests.adapters.behaviour import CHECKS, Bench, Check
from tests.adapters.files.desk import Desk
from tests.adapters.lino.centre import BARE, client, coaching, isip
from tests.exchange.house import House
from tests.instance import Instance

from handover.adapters.files.adapter import FileAt, FilesAdapter
from handover.adapters.files.system import FILES
from handover.adapters.kit.adapter import Away, Denied
from handover.adapters.kit.contract import Reject
from handover.adapters.kit.plan import Placement, Plan, Post, Process
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.records import IsipContract
from handover.adapters.lino.system import LINO
from handover.exchange.conversations import Kind

SECRET = "geheim-wachtwoord"


class Account(msgspec.Struct, frozen=True):
    """What the stand-in is made with."""

    password: str

    def __repr__(self) -> str:
        return "Account()"


@dataclass
class Centre:
    """A Lino by hand: its rows without its wire, and everything that can happen to it."""

    clients: int = 0
    changed: dict[int, int] = field(default_factory=dict)
    spoiled: set[int] = field(default_factory=set)
    is_away: bool = False
    refuses: bool = False
    sessions: int = 0
    valid: int = 0

    @property
    def settings(self) -> Account:
        return Account(SECRET)

    async def have(self, clients: int) -> None:
        self.clients = clients

    async def change(self, client: int, times: int = 1) -> None:
        self.changed[client] = times

    async def change_back(self, client: int) -> None:
        self.changed.pop(client)

    async def spoil(self, client: int) -> None:
        self.spoiled.add(client)

    async def mend(self, client: int) -> None:
        self.spoiled.discard(client)

    async def end_session(self) -> None:
        self.valid = 0

    async def go_away(self) -> None:
        self.is_away = True

    async def come_back(self) -> None:
        self.is_away = self.refuses = False

    async def refuse(self) -> None:
        self.refuses = True

    def personal(self) -> list[str]:
        numbers = [str(client(n).national_id) for n in range(1, self.clients + 1)]
        return [SECRET, "Voorbeeld", *(f"Cliënt {n}" for n in range(1, self.clients + 1)), *numbers]

    def sign_in(self) -> int:
        if self.is_away:
            raise Away("Het dossiersysteem antwoordt niet. Kijk of het draait.")
        if self.refuses:
            raise Denied("Het dossiersysteem weigert deze naam en dit wachtwoord. Kijk ze na.")
        self.sessions += 1
        self.valid = self.sessions
        return self.valid

    def read(self, session: int, organisation_id: str, now: datetime) -> Plan | None:
        """Give what should be so; None when that session is over."""
        if self.is_away or self.refuses:
            self.sign_in()
        if session != self.valid:
            return None
        numbers = range(1, self.clients + 1)
        snapshot = replace(
            BARE,
            clients=tuple(replace(client(n), national_id=None) if n in self.spoiled else client(n) for n in numbers),
            coachings=tuple(coaching(n, n) for n in numbers),
            isip=tuple(self._contract(n) for n in numbers),
        )
        return plan_of(snapshot, organisation_id, now=now, allow_test_range=True)

    def _contract(self, number: int) -> IsipContract:
        end = date(2027, 3, 31) + timedelta(days=30 * self.changed.get(number, 0))
        return replace(isip(number, number), until=end, ended=end)


@dataclass
class Adapter:
    """What an adapter does as it should."""

    centre: Centre
    system = LINO
    session: int = 0

    async def __aenter__(self) -> Self:
        self.session = self.centre.sign_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session = 0

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        assert allow_test_range
        found = self.centre.read(self.session, organisation_id, now)
        if found is None:
            self.session = self.centre.sign_in()
            found = self.centre.read(self.session, organisation_id, now)
        assert found is not None
        return found


class Restless(Adapter):
    """Mistake 1: puts the moment of reading into what it records, so that nothing is ever the same again."""

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        plan = await super().plan(organisation_id, now=now, allow_test_range=allow_test_range)
        return replace(plan, placements=tuple(self._dated(one, now) for one in plan.placements))

    def _dated(self, placement: Placement, now: datetime) -> Placement:
        return replace(placement, processes=tuple(self._with_moment(one, now) for one in placement.processes))

    @staticmethod
    def _with_moment(process: Process, now: datetime) -> Process:
        if process.content is None or process.again is None:
            return process
        content = msgspec.structs.replace(process.content, title=f"Gelezen op {now.isoformat()}")
        return replace(process, content=content, again=Post(process.again.type, content))


class Silent(Adapter):
    """Mistake 2: leaves out what it cannot read, and tells nobody."""

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        plan = await super().plan(organisation_id, now=now, allow_test_range=allow_test_range)
        return replace(plan, rejects=(), clients_read=len(plan.placements))


class Hasty(Adapter):
    """Mistake 3: takes a session that is over for an OCMW without clients."""

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        if self.session != self.centre.valid:
            return plan_of(BARE, organisation_id, now=now, allow_test_range=allow_test_range)
        return await super().plan(organisation_id, now=now, allow_test_range=allow_test_range)


class Renumbering(Adapter):
    """Mistake 4: names rows by their place in the list of this reading, and not by what they are there."""

    readings = 0

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        Renumbering.readings += 1
        plan = await super().plan(organisation_id, now=now, allow_test_range=allow_test_range)
        return replace(plan, placements=tuple(self._renamed(one) for one in plan.placements))

    @staticmethod
    def _renamed(placement: Placement) -> Placement:
        ways = (replace(one, key=f"{one.key}/{Renumbering.readings}") for one in placement.processes)
        return replace(placement, processes=tuple(ways))


class Talkative(Adapter):
    """Mistake 5: says in a reject whom it is about."""

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        plan = await super().plan(organisation_id, now=now, allow_test_range=allow_test_range)
        told = (Reject(one.source, one.key, f"{one.reason} (Voorbeeld Cliënt {one.key})") for one in plan.rejects)
        return replace(plan, rejects=tuple(told))


MISTAKES: dict[type[Adapter], Check] = {
    Restless: behaviour.reads_again_and_records_nothing,
    Silent: behaviour.tells_what_it_cannot_place,
    Hasty: behaviour.keeps_what_it_had_when_it_is_away,
    Renumbering: behaviour.loses_nothing_when_it_is_killed,
    Talkative: behaviour.leaks_nothing,
}
ADAPTERS: dict[str, Callable[[Instance, Path], Bench]] = {
    "lino, by hand": lambda instance, _: _bench(instance, Adapter),
    "files": lambda instance, folder: _of_files(instance, Desk(folder / "lijst.xlsx")),
}


def _bench(instance: Instance, adapter: type[Adapter]) -> Bench:
    centre = Centre()
    return Bench(House(instance, LINO, Kind(Account, lambda _: adapter(centre))), centre)


def _of_files(instance: Instance, desk: Desk) -> Bench:
    return Bench(House(instance, FILES, Kind(FileAt, FilesAdapter)), desk)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_an_adapter_behaves(api: Instance, tmp_path: Path, adapter: str, check: Check) -> None:
    bench = ADAPTERS[adapter](api, tmp_path)
    try:
        await check(bench)
    except AssertionError:
        print(*bench.said, sep="\n")  # noqa: T201 - what was told and logged is how one finds out why
        raise


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
async def test_a_mistake_is_noticed(api: Instance, mistake: type[Adapter]) -> None:
    with pytest.raises(AssertionError):
        await MISTAKES[mistake](_bench(api, mistake))
