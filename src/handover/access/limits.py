"""How much one client, one organisation and one address may ask; in memory, of one process.

Counted in fixed windows by the library `limits`, in a store of our own: its store in memory starts a thread and walks
over all its counters a hundred times a second, ours keeps the newest counters and needs neither.
"""

import ipaddress
import math
import time
from collections import OrderedDict

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from handover.domain.parties import Caller

_MOST_WINDOWS = 20_000
_TRIES = 10
"""How often an hour an organisation may compare its data about one person with what is known."""
_PREFIX = 64
"""An IPv6 host has that many bits to itself; counting single addresses would count nothing."""


class NewestWindows(Storage):
    """Counters of windows, the newest 20,000, for one event loop. Moments are seconds since 1970."""

    STORAGE_SCHEME = ["handover-newest"]  # noqa: RUF012 - as the library declares it

    def __init__(self) -> None:
        super().__init__()
        self._windows: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in it: nothing that anyone should catch."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in a new window of `expiry` seconds where the last one has ended."""
        now = time.time()
        window = self._windows.get(key)
        if window is None or window[0] <= now:
            window = self._windows[key] = [now + expiry, 0]
            self._windows.move_to_end(key)
            if len(self._windows) > _MOST_WINDOWS:
                self._windows.popitem(last=False)
        window[1] += amount
        return int(window[1])

    def get(self, key: str) -> int:
        """Give the count of the window that runs, 0 when none does."""
        window = self._windows.get(key)
        return int(window[1]) if window and window[0] > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Give when the window ends."""
        window = self._windows.get(key)
        return window[0] if window else time.time()

    def check(self) -> bool:
        """Tell that it works."""
        return True

    def reset(self) -> int:
        """Forget everything; give how much that was."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._windows.pop(key, None)


class Limits:
    """Counts requests. Each method gives the whole seconds to wait, 0 for go on; a limit of 0 counts nothing."""

    def __init__(self, *, client_per_second: int, organisation_per_second: int, refusals_per_minute: int) -> None:
        self._client = RateLimitItemPerSecond(client_per_second, namespace="client") if client_per_second else None
        self._organisation = (
            RateLimitItemPerSecond(organisation_per_second, namespace="organisation")
            if organisation_per_second
            else None
        )
        self._refusals = (
            RateLimitItemPerMinute(refusals_per_minute, namespace="refusals") if refusals_per_minute else None
        )
        self._person = RateLimitItemPerHour(_TRIES, namespace="person")
        self._limiter = FixedWindowRateLimiter(NewestWindows())

    def asked(self, caller: Caller) -> int:
        """Count a request of a client: an application, or a counsellor, of an organisation."""
        organisation = caller.organisation.organisation_id
        actor = caller.actor.counsellor_id or caller.actor.application
        return self._hit(self._client, organisation, actor) or self._hit(self._organisation, organisation)

    def identified(self, organisation: str, person: str) -> int:
        """Count an organisation's question about one person, named by a digest: guessing a birth date takes many."""
        return self._hit(self._person, organisation, person)

    def refused(self, address: str) -> None:
        """Count a request from an address that was not let in (401)."""
        if self._refusals:
            self._limiter.hit(self._refusals, _network(address))

    def must_wait(self, address: str) -> int:
        """Tell whether too many requests from an address were not let in, without counting this one."""
        if not self._refusals or self._limiter.test(self._refusals, _network(address)):
            return 0
        return self._left(self._refusals, _network(address))

    def _hit(self, item: RateLimitItem | None, *names: str) -> int:
        if item is None or self._limiter.hit(item, *names):
            return 0
        return self._left(item, *names)

    def _left(self, item: RateLimitItem, *names: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(item, *names).reset_time - time.time()))


def _network(address: str) -> str:
    """Give what is counted for an address: itself, or the /64 of IPv6."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, _PREFIX), strict=False))
    except ValueError:
        return address
