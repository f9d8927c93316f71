"""Lino as the kit sees it: an account to sign in with, and what should be so in the dossiers."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from msgspec import Struct

from handover.adapters.kit.contract import System
from handover.adapters.kit.plan import Plan
from handover.adapters.lino.calendar import KeptCalendar
from handover.adapters.lino.client import LinoClient
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.reader import read
from handover.adapters.lino.session import Limits
from handover.adapters.lino.system import LINO


class LinoAccount(Struct, frozen=True, kw_only=True):
    """Where a Lino is and who we are there. Kept sealed."""

    url: str
    username: str
    password: str

    def __repr__(self) -> str:
        """The address alone."""
        return f"LinoAccount(url={self.url!r})"


class LinoConversation:
    """One session with a Lino, from signing in to letting go."""

    system: System = LINO

    def __init__(self, account: LinoAccount, limits: Limits | None = None) -> None:
        self._client = LinoClient(account.url, account.username, account.password, limits=limits)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)


class LinoAdapter(LinoConversation):
    """Reads one Lino, again and again."""

    def __init__(
        self,
        account: LinoAccount,
        *,
        limits: Limits | None = None,
        began: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(account, limits)
        self._began = began
        self._calendar = KeptCalendar()

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        """Read all tables of the Lino, its calendar less often (`KeptCalendar`); see `Inbound.plan`."""
        self._client.forget_layouts()
        snapshot = await read(self._client, began=self._began, calendar=self._calendar)
        return plan_of(snapshot, organisation_id, now=now, allow_test_range=allow_test_range)
