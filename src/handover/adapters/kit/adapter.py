"""What an adapter is: it joins one organisation to its own system, inbound, outbound or both.

Reading gives a plan, which the kit brings about (`importer`): so an adapter decides what its system's rows mean and
nothing else. It never records, retries, schedules or remembers by itself.
"""

from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from handover.adapters.kit.contract import System
from handover.adapters.kit.plan import Plan


class AdapterError(Exception):
    """The outside system could not be read. The message is a sentence for who runs it, without personal values."""


class Away(AdapterError):  # noqa: N818 - named after what happened, as all refusals are
    """No answer, or none in time: nothing is wrong with the data, it is tried again."""


class Unsure(Away):
    """It stopped answering while we waited: what it was asked may still be done there."""


class Denied(AdapterError):  # noqa: N818 - as above
    """It does not let this account in, or not far enough: somebody must change that first."""


class Changed(AdapterError):  # noqa: N818 - as above
    """It answers in a shape that the adapter does not know; reading on would guess."""


class Inbound(Protocol):
    """An open conversation with an outside system, entered with `async with`. It is used by one run at a time."""

    async def __aenter__(self) -> Self:
        """Sign in. Raises AdapterError."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        ...

    @property
    def system(self) -> System:
        """Which system it speaks with."""
        ...

    async def plan(self, organisation_id: str, *, now: datetime, allow_test_range: bool) -> Plan:
        """Read what is there now, and give everything that should be so in the organisation's dossiers.

        Every row ends up in a placement, in a reject with its reason, or in a count of what is not imported. Raises
        AdapterError; a session that ended meanwhile is opened anew here. `allow_test_range` admits national numbers
        made for tests, for demonstrations only.
        """
        ...
