"""The daily mail from a dossier to a mailbox: on time, once, counts only, and whatever happens to server and worker."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.instance import Instance, eventually, number, running
from tests.smtp import Post, posting
from tests.web.ui.conftest import REQUEST

from handover.cli.work import working
from handover.inbox.daily_mail import DailyMail
from handover.inbox.projector import Projector
from handover.inbox.summaries import LEASE, Claimed
from handover.platform.clock import Clock
from handover.platform.mail import Mailer, MailServerAwayError
from handover.platform.mail_server import MailServer
from handover.platform.settings import Settings
from handover.web.mail import composer

SENDER = "Warme overdracht <handover@example.org>"
# A Tuesday, eleven in Brussels; the Wednesday of that week is Armistice Day.
TUESDAY = datetime(2026, 11, 10, 10, tzinfo=UTC)
_CANARY = secrets.token_hex(4)
CANARIES = (f"Kanarie{_CANARY}", f"Vogelzang{_CANARY}", number(77), f"magazijn-{_CANARY}", "OCMW", "VDAB", "Doorverw")


class Fixed(Clock):
    """Stands still where it is put."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class World:
    """An instance with two counsellors who want mail, and dossiers that wait for one of them."""

    instance: Instance
    post: Post
    clock: Fixed

    def daily(self, *, port: int = 0) -> DailyMail:
        server = MailServer.of(f"smtp://127.0.0.1:{port or self.post.port}")
        mailer = Mailer(server, SENDER, name="localhost", seconds=2)
        compose = composer("https://handover.example.org", self.clock)
        return DailyMail(self.instance.worker.pool, mailer, compose, self.clock)

    async def wants(self, who: str, language: str = "nl", hour: int = 8) -> None:
        await self.instance.pool.execute(
            "INSERT INTO notice_preference VALUES ($1, $2, $3, true, $4, '2026-01-05', now())",
            who.partition(".")[0],
            who,
            language,
            hour,
        )

    async def outcomes(self) -> dict[str, str]:
        rows = await self.instance.pool.fetch("SELECT counsellor_id, outcome FROM daily_summary")
        return {row[0].partition(".")[2]: row[1] for row in rows}


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running(database, tmp_path, work=False) as instance, posting() as post:
        made = World(instance, post, Fixed(TUESDAY))
        ocmw = instance.party("ocmw-lindedal", "trajectbegeleider-1")
        vdab = instance.party("vdab", "bemiddelaar-1")
        for n in range(3):
            named = {"givenName": CANARIES[0], "familyName": CANARIES[1], "ssin": number(77 + n)}
            dossier_id = await ocmw.open(**named)
            await ocmw.step(dossier_id, "handover.requested", REQUEST | {"summary": CANARIES[3]})
            if n:
                answer = {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}
                await vdab.step(dossier_id, "handover.accepted", answer)
        await Projector(instance.worker.pool, database, instance.worker.sealer).catch_up()
        # The steps are of today; the morning that they are looked at in is of the week before they are due.
        await instance.pool.execute("UPDATE inbox_thread SET due_at = $1", TUESDAY + timedelta(days=7))
        await made.wants("vdab.bemiddelaar-1")
        await made.wants("ocmw-lindedal.trajectbegeleider-1", "fr")
        await made.wants("ocmw-lindedal.trajectbegeleider-2")
        yield made


async def test_who_has_something_waiting_gets_figures_and_nothing_else(world: World) -> None:
    assert await world.daily().send_due() == 3
    assert sorted(world.post.recipients) == [
        "bemiddelaar-1@vdab.example",
        "trajectbegeleider-1@ocmw-lindedal.example",
    ]
    found = {m["To"]: m for m in world.post.messages}
    mail = found["bemiddelaar-1@vdab.example"]
    assert mail["Subject"] == "2 dossiers wachten op jou"
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines()[:1] == ["2 dossiers wachten op jou"]
    assert "https://handover.example.org/" in text.get_content().splitlines()
    assert "https://handover.example.org/settings" in text.get_content()
    assert '<a href="https://handover.example.org/">Open je inbox</a>' in html.get_content()
    assert (mail["From"], mail["Auto-Submitted"]) == (SENDER, "auto-generated")
    # Nothing is on this counsellor's turn, but VDAB answered twice.
    assert found["trajectbegeleider-1@ocmw-lindedal.example"]["Content-Language"] == "fr"
    assert await world.outcomes() == {
        "bemiddelaar-1": "sent",
        "trajectbegeleider-1": "sent",
        "trajectbegeleider-2": "nothing",
    }


async def test_nothing_of_a_client_leaves(world: World) -> None:
    """Neither as it goes over the wire nor as it is read: names, number, text, organisations, kinds, dossiers."""
    with capture_logs() as logs:
        await world.daily().send_due()
    ids = [str(row[0]) for row in await world.instance.pool.fetch("SELECT dossier_id FROM dossier")]
    assert len(world.post.raw) == 2
    for raw, mail in zip(world.post.raw, world.post.messages, strict=True):
        read = "".join(part.get_content() for part in mail.walk() if not part.is_multipart())
        said = read + "".join(f"{name}: {value}\n" for name, value in mail.items() if name not in {"To", "From"})
        for canary in (*CANARIES, *ids):
            assert canary not in said
            assert canary.encode() not in raw
        assert raw.isascii()
    assert not any(canary in str(logs) for canary in (*CANARIES, "@"))
    # The sweep would see them: they are there where they may be.
    assert CANARIES[0] in (await world.instance.party("vdab", "bemiddelaar-1").get("/v1/inbox")).text


async def test_what_is_late_is_said_and_every_language_can_say_it(world: World) -> None:
    world.clock.at = datetime(2027, 3, 2, 10, tzinfo=UTC)
    await world.daily().send_due()
    text = next(m for m in world.post.messages if "vdab" in m["To"]).get_body(("plain",))
    assert text is not None
    assert "2 daarvan zijn te laat." in text.get_content()


async def test_once_a_day_also_with_several_workers(world: World) -> None:
    await asyncio.gather(*(world.daily().send_due() for _ in range(5)))
    assert await world.daily().send_due() == 0
    world.clock.at += timedelta(hours=9)
    assert await world.daily().send_due() == 0
    assert len(world.post.raw) == 2


@pytest.mark.parametrize(
    ("at", "count"),
    [
        (datetime(2026, 11, 10, 6, 59, tzinfo=UTC), 0),  # not eight yet, in winter
        (datetime(2026, 11, 10, 7, 0, tzinfo=UTC), 2),
        (datetime(2026, 7, 7, 6, 0, tzinfo=UTC), 2),  # eight, in summer
        (datetime(2026, 11, 11, 10, tzinfo=UTC), 0),  # Armistice Day
        (datetime(2026, 11, 14, 10, tzinfo=UTC), 0),  # Saturday
    ],
)
async def test_on_working_days_after_the_hour(world: World, at: datetime, count: int) -> None:
    world.clock.at = at
    await world.daily().send_due()
    assert len(world.post.raw) == count


async def test_a_server_that_was_away_gets_it_later_the_same_day(world: World) -> None:
    async with posting() as gone:
        port = gone.port
    away = world.daily(port=port)
    with pytest.raises(MailServerAwayError):
        await away.send_due()
    # Given back, with a pause; what had nothing to say is over all the same.
    assert await world.outcomes() == {"bemiddelaar-1": "", "trajectbegeleider-1": "", "trajectbegeleider-2": "nothing"}
    assert await away.send_due() == 0
    late = world.clock.at + timedelta(hours=1)
    world.instance.services.clock.offset = late - datetime.now(UTC)
    health = await world.instance.http.get("/health")
    assert health.json() == {"status": "DEGRADED", "detail": "2 or more daily mails wait for the mail server."}
    world.clock.at = late
    async with posting(port=port) as back:
        assert await away.send_due() == 2
        assert len(back.raw) == 2
    assert (await world.instance.http.get("/health")).json() == {"status": "UP"}


async def test_a_refused_address_stops_nobody_else(world: World) -> None:
    world.post.answers = ["550 no such user"]
    await world.daily().send_due()
    assert sorted((await world.outcomes()).values()) == ["nothing", "refused", "sent"]
    world.clock.at += timedelta(hours=2)
    assert await world.daily().send_due() == 0


async def test_an_address_that_is_put_off_is_tried_again(world: World) -> None:
    world.post.answers = ["451 greylisted"]
    await world.daily().send_due()
    assert len(world.post.raw) == 1
    world.clock.at += timedelta(minutes=20)
    await world.daily().send_due()
    assert len(world.post.raw) == 2
    assert sorted((await world.outcomes()).values()) == ["nothing", "sent", "sent"]


async def test_an_address_that_is_none_is_not_sent_to(world: World) -> None:
    await world.instance.pool.execute(
        "UPDATE counsellor SET email = E'x@y.example\\nBcc: z@y.example' WHERE counsellor_id = 'vdab.bemiddelaar-1'"
    )
    await world.daily().send_due()
    assert world.post.recipients == ["trajectbegeleider-1@ocmw-lindedal.example"]
    assert (await world.outcomes())["bemiddelaar-1"] == "refused"


async def test_a_worker_killed_after_sending_repeats_the_same_mail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = world.daily()

    async def killing(_claimed: Claimed, outcome: str) -> None:
        if outcome == "sent":
            raise asyncio.CancelledError

    monkeypatch.setattr(killed, "_settle", killing)
    with pytest.raises(asyncio.CancelledError):
        await killed.send_due()
    assert len(world.post.raw) == 1
    assert await world.daily().send_due() == 0
    world.clock.at += LEASE
    await world.daily().send_due()
    ids = [m["Message-ID"] for m in world.post.messages]
    assert len(ids) == 3
    assert len(set(ids)) == 2


async def test_whatever_goes_wrong_the_worker_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a composing that fails, and of a server that hangs, deliveries notice nothing."""
    monkeypatch.setattr("handover.inbox.daily_mail._EVERY_SECONDS", 0.02)
    monkeypatch.setattr("handover.inbox.daily_mail._PAUSES", (timedelta(seconds=0.02),))
    daily = world.daily()
    calls = 0

    async def broken() -> int:
        nonlocal calls
        calls += 1
        raise (RuntimeError("x"), MailServerAwayError("x"), ConnectionError("x"))[calls % 3]

    monkeypatch.setattr(daily, "send_due", broken)
    task = asyncio.create_task(daily.run())

    async def often() -> bool:
        return calls > 8

    await eventually(often)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_worker_process_sends_it(world: World, database: str, tmp_path: Path) -> None:
    """`handover work` as it runs, with its own clock put on a working day."""
    offset = TUESDAY - datetime.now(UTC)
    settings = Settings(
        data_dir=tmp_path,
        database_url=database,
        smtp_url=f"smtp://127.0.0.1:{world.post.port}",
        mail_from=SENDER,
        clock_offset=offset,
    )
    task = asyncio.create_task(working(settings))

    async def came() -> bool:
        return len(world.post.raw) == 2

    try:
        await eventually(came, seconds=20)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        assert await task == 0
        for number_of_signal in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number_of_signal)
