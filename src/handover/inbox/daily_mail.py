"""The daily mail: on working days, after the hour that someone chose, how many dossiers wait for them.

Each summary is claimed with a lease, sent, and settled once the mail server took it. A worker that is killed between
those two sends again what it had just sent, as with webhooks; its Message-ID is the same, by which mailboxes tell.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from handover.domain.deadlines import BRUSSELS, is_working_day
from handover.inbox.summaries import LEASE, Claimed, DailySummaries
from handover.platform.clock import Clock
from handover.platform.db import LOST
from handover.platform.mail import SECONDS, Mailer, MailRefusedError, MailServerAwayError
from handover.platform.mail_server import is_address

SUMMARIES = Counter("handover_daily_mail", "Daily summaries by outcome", ["outcome"])
SERVER_AWAY = Gauge("handover_mail_server_away", "1 while the mail server does not take mail, as this worker saw it")
_log = structlog.stdlib.get_logger(__name__)
_EVERY_SECONDS = 30.0
_AT_ONCE = 20
_PAUSES = tuple(timedelta(seconds=s) for s in (30, 60, 120, 300, 900))
"""Between tries while the server is away; for one message that it will not take now, the same."""
_MOST_REFUSALS = 10

Compose = Callable[[Claimed], EmailMessage]
"""Writes the message, sender and recipient left out."""


class DailyMail:
    """Sends what is due, again and again; any number of workers may."""

    def __init__(self, pool: asyncpg.Pool, mailer: Mailer, compose: Compose, clock: Clock) -> None:
        self._summaries = DailySummaries(pool)
        self._mailer = mailer
        self._compose = compose
        self._clock = clock
        self._away = 0

    async def run(self) -> None:
        """Send until cancelled. Nothing that goes wrong here ends it, or touches what else a worker does."""
        while True:
            pause = _EVERY_SECONDS
            try:
                while await self.send_due():
                    pass
            except MailServerAwayError as error:
                pause = _pause(self._away).total_seconds()
                _log.warning("mail_server_away", error=str(error), times=self._away)
            except LOST as error:
                _log.warning("daily_mail_failed", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - whatever it is, the next round may do better
                _log.exception("daily_mail_failed")
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - no secret depends on it

    async def send_due(self) -> int:
        """Send a batch of what is due now; give how many that were. Raises MailServerAwayError, all given back."""
        now = self._clock.now()
        here = now.astimezone(BRUSSELS)
        if not is_working_day(here.date()):
            return 0
        claimed = await self._summaries.claim(here.date(), here.hour, at=now, most=_AT_ONCE)
        nothing = [one for one in claimed if one.summary.empty]
        await self._settle(nothing, "nothing")
        unknown = [one for one in claimed if not one.summary.empty and not is_address(one.email)]
        await self._settle(unknown, "refused")
        done = {id(one) for one in (*nothing, *unknown)}
        await self._send([one for one in claimed if id(one) not in done], until=now + LEASE)
        return len(claimed)

    async def _send(self, left: list[Claimed], *, until: datetime) -> None:
        if not left:
            return
        try:
            async with self._mailer.connected() as connection:
                # What another worker may have claimed by now is not ours to send.
                while left and self._clock.now() + timedelta(seconds=SECONDS) < until:
                    one = left[0]
                    try:
                        await connection.send(self._message(one), one.email)
                    except MailRefusedError as refused:
                        await self._refused(one, refused)
                    else:
                        await self._settle([one], "sent")
                    left.pop(0)
        except MailServerAwayError:
            self._away += 1
            SERVER_AWAY.set(1)
            await self._summaries.release(left, until=self._clock.now() + _pause(self._away))
            raise
        self._away = 0
        SERVER_AWAY.set(0)

    async def _refused(self, one: Claimed, refused: MailRefusedError) -> None:
        _log.warning("daily_mail_refused", counsellor_id=one.counsellor_id, code=refused.code)
        if refused.for_good or one.failures + 1 >= _MOST_REFUSALS:
            await self._settle([one], "refused")
        else:
            await self._summaries.release([one], until=self._clock.now() + _pause(one.failures + 1))

    async def _settle(self, claimed: Sequence[Claimed], outcome: str) -> None:
        await self._summaries.settle(claimed, outcome, at=self._clock.now())
        SUMMARIES.labels(outcome).inc(len(claimed))

    def _message(self, one: Claimed) -> EmailMessage:
        message = self._compose(one)
        message["From"], message["To"] = self._mailer.sender, one.email
        return message


def _pause(times: int) -> timedelta:
    return _PAUSES[min(max(times, 1), len(_PAUSES)) - 1]
