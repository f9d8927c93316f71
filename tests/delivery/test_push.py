"""Web push to a push service of our own on loopback: who signed it, how little it says, when, what becomes of it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from py_vapid import Vapid02
from structlog.testing import capture_logs
from tests.delivery.support import OCMW, VDAB, Receiver, World, status

from handover.delivery import vapid
from handover.delivery.destinations import Destinations
from handover.delivery.push import KEPT, PAUSE, Pushes
from handover.delivery.push_subscriptions import PushHosts, PushSubscriptions, browser_name
from handover.delivery.sender import Sender
from handover.domain.parties import Counsellor
from handover.inbox.projector import Projector
from handover.platform.settings import PUSH_HOSTS
from handover.record.directory import save_counsellor

KEY = b"k" * 32
WHO = f"{VDAB}.coordinator"
# A Tuesday, eleven in Brussels.
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=UTC)
CONTACT = "mailto:handover@example.org"
LOCAL = PushHosts(PUSH_HOSTS, Destinations(demonstration=True))


@dataclass
class Bench:
    """Two organisations, a coordinator of VDAB whose browser wants notices, and a push service."""

    land: World
    service: Receiver
    sender: Sender
    subscriptions: PushSubscriptions

    @property
    def endpoint(self) -> str:
        return self.service.url.replace("/hook", "/push/geheim-adres-1")

    def pushes(self, hosts: PushHosts = LOCAL) -> Pushes:
        return Pushes(self.land.pool, hosts, self.land.clock, key=KEY, contact=CONTACT)

    async def send(self) -> int:
        """Let a worker look, once everything is projected."""
        await Projector(self.land.pool, self.land.dsn, self.land.sealer).catch_up()
        return await self.pushes().send_due(self.sender)

    async def refer(self) -> UUID:
        """The OCMW refers someone: a turn of VDAB's coordinator."""
        dossier_id = await self.land.open(OCMW)
        await self.land.post(dossier_id, "handover.requested")
        self.land.later(timedelta(seconds=1))
        return dossier_id

    async def row(self) -> Any:  # noqa: ANN401 - a record
        return await self.land.pool.fetchrow("SELECT * FROM push_subscription")


@pytest.fixture
async def bench(land: World, receiver: Receiver) -> AsyncIterator[Bench]:
    land.clock.offset = TUESDAY - datetime.now(UTC)
    await save_counsellor(land.pool, Counsellor(counsellor_id=WHO, organisation_id=VDAB, name="Coordinator"))
    async with Sender(LOCAL.destinations, deadline=2) as sender:
        made = Bench(land, receiver, sender, PushSubscriptions(land.pool, LOCAL))
        receiver.answer = status(201)
        assert await made.subscriptions.add(VDAB, WHO, made.endpoint, "Firefox, Windows", at=land.clock.now())
        land.later(timedelta(seconds=1))
        yield made


async def test_a_push_is_empty_and_signed(bench: Bench) -> None:
    await bench.refer()
    assert await bench.send() == 1
    (hook,) = bench.service.hooks
    assert hook.raw == b""
    assert hook.request.path == "/push/geheim-adres-1"
    assert (hook.headers["ttl"], hook.headers["topic"]) == (str(int(KEPT.total_seconds())), "inbox")
    authorization = hook.headers["authorization"]
    assert Vapid02.verify(authorization) is True
    # Nothing else goes along that says what, for whom or from whom.
    known = {"authorization", "ttl", "topic", "urgency", "host", "user-agent", "accept-encoding", "accept"}
    assert set(hook.headers) <= known | {"content-type", "content-length"}
    claims = _claims(authorization)
    assert set(claims) == {"aud", "exp", "sub"}
    assert claims["aud"] == f"http://127.0.0.1:{bench.service.port}"
    assert claims["sub"] == CONTACT
    assert 0 < claims["exp"] - bench.land.clock.now().timestamp() <= 24 * 3600


def test_the_signature_is_of_the_key_that_browsers_were_told() -> None:
    made = vapid.authorization(KEY, "https://push.example:8443/x?y=z", contact="", at=TUESDAY)
    token, key = (part.partition("=")[2] for part in made.removeprefix("vapid ").split(","))
    assert key == vapid.public_key(KEY)
    point = base64.urlsafe_b64decode(key + "=")
    assert (len(point), point[0]) == (65, 4)
    coordinates = {
        n: base64.urlsafe_b64encode(b).rstrip(b"=").decode() for n, b in (("x", point[1:33]), ("y", point[33:]))
    }
    read = jwt.decode(token, ECKey.import_key({"kty": "EC", "crv": "P-256", **coordinates}), algorithms=["ES256"])
    assert read.claims == {"aud": "https://push.example:8443", "exp": int(TUESDAY.timestamp()) + 12 * 3600}
    head, body, signature = token.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"aud": "https://other.example"}).encode()).rstrip(b"=").decode()
    assert Vapid02.verify(made) is True
    assert Vapid02.verify(made.replace(f"{head}.{body}.{signature}", f"{head}.{forged}.{signature}")) is False
    assert Vapid02.verify(made.replace(vapid.public_key(KEY), vapid.public_key(b"o" * 32))) is False
    for odd in (b"\xff" * 32, b"\x00" * 32):
        assert Vapid02.verify(vapid.authorization(odd, "https://push.example/", contact="", at=TUESDAY)) is True


async def test_only_for_what_another_organisation_did_to_one_s_own_turn(bench: Bench) -> None:
    land = bench.land
    referred = await bench.refer()
    assert await bench.send() == 1
    # One's own step moves the thread on and the turn stays here: that is no news to oneself.
    land.later(2 * PAUSE)
    await land.post(referred, "handover.accepted", VDAB)
    land.later(timedelta(seconds=1))
    await Projector(land.pool, land.dsn, land.sealer).catch_up()
    await land.pool.execute("UPDATE inbox_thread SET counsellor_id = $1 WHERE organisation_id = $2", WHO, VDAB)
    told = await land.pool.fetchval("SELECT bool_and(t.since > s.told_at) FROM inbox_thread t, push_subscription s")
    assert told, "the thread did not move"
    assert await bench.send() == 0
    # What somebody else in the house has by name calls them alone; what is nobody's calls nobody.
    await bench.refer()
    await Projector(land.pool, land.dsn, land.sealer).catch_up()
    for other in (f"{VDAB}.bemiddelaar-1", "", f"{VDAB}/Gent"):
        await land.pool.execute("UPDATE inbox_thread SET counsellor_id = $1 WHERE organisation_id = $2", other, VDAB)
        assert await bench.send() == 0
    await land.pool.execute("UPDATE inbox_thread SET counsellor_id = $1 WHERE organisation_id = $2", WHO, VDAB)
    assert await bench.send() == 1


async def test_at_most_once_in_half_an_hour(bench: Bench) -> None:
    await bench.refer()
    assert await bench.send() == 1
    bench.land.later(timedelta(minutes=10))
    await bench.refer()
    await bench.refer()
    assert await bench.send() == 0
    bench.land.later(timedelta(minutes=19))
    assert await bench.send() == 0
    bench.land.later(timedelta(minutes=2))
    assert await bench.send() == 1
    # Both were told by that one; without anything new there is no other.
    bench.land.later(timedelta(hours=2))
    assert await bench.send() == 0
    assert len(bench.service.hooks) == 2


async def test_what_was_there_before_is_not_told(bench: Bench) -> None:
    await bench.refer()
    assert await bench.subscriptions.add(VDAB, WHO, bench.endpoint, "Firefox, Windows", at=bench.land.clock.now())
    assert await bench.send() == 0


@pytest.mark.parametrize(("hours", "count"), [(-3.1, 0), (-2.9, 1), (6.9, 1), (7.1, 0), (24, 1), (4 * 24, 0)], ids=str)
async def test_within_working_hours_only(bench: Bench, hours: float, count: int) -> None:
    """Eight to eighteen, on Tuesday and Wednesday and not on Saturday; what came before waits for the morning."""
    await bench.refer()
    bench.land.clock.offset = TUESDAY + timedelta(hours=hours) - datetime.now(UTC)
    if hours < 0:
        await bench.land.pool.execute("UPDATE push_subscription SET due_at = '2026-01-01'")
    assert await bench.send() == count


@pytest.mark.parametrize("code", [404, 410])
async def test_a_browser_that_is_gone_leaves_the_list(bench: Bench, code: int) -> None:
    bench.service.answer = status(code)
    await bench.refer()
    assert await bench.send() == 1
    assert await bench.subscriptions.of(VDAB, WHO) == []


async def test_a_service_that_refuses_is_asked_later_and_given_up(bench: Bench) -> None:
    bench.service.answer = status(429, {"Retry-After": "600"})
    await bench.refer()
    assert await bench.send() == 1
    bench.land.later(timedelta(minutes=9))
    assert await bench.send() == 0
    bench.land.later(timedelta(minutes=2))
    assert await bench.send() == 1
    assert (await bench.row())["failures"] == 2
    # It is told in the end, and that counts for what waited.
    bench.service.answer = status(201)
    bench.land.later(timedelta(minutes=11))
    assert await bench.send() == 1
    assert (await bench.row())["failures"] == 0
    bench.service.answer = status(403)
    await bench.refer()
    await bench.land.pool.execute("UPDATE push_subscription SET failures = 9, due_at = '2026-01-01'")
    assert await bench.send() == 1
    assert await bench.row() is None


async def test_workers_share_and_a_killed_one_s_is_another_s(bench: Bench) -> None:
    await bench.refer()
    await Projector(bench.land.pool, bench.land.dsn, bench.land.sealer).catch_up()
    sent = await asyncio.gather(*(bench.pushes().send_due(bench.sender) for _ in range(5)))
    assert sum(sent) == len(bench.service.hooks) == 1
    # Claimed by one that never came back: after a minute it is due again.
    await bench.refer()
    due = bench.land.clock.now() + timedelta(seconds=60)
    await bench.land.pool.execute("UPDATE push_subscription SET due_at = $1, fence = fence + 1", due)
    assert await bench.send() == 0
    bench.land.later(timedelta(seconds=61))
    assert await bench.send() == 1


async def test_a_redirect_is_not_followed(bench: Bench) -> None:
    bench.service.answer = status(307, {"Location": bench.service.url})
    await bench.refer()
    await bench.send()
    assert [hook.request.path for hook in bench.service.hooks] == ["/push/geheim-adres-1"]
    assert (await bench.row())["failures"] == 1


async def test_a_host_that_was_taken_off_the_list_gets_nothing(bench: Bench) -> None:
    await bench.refer()
    await Projector(bench.land.pool, bench.land.dsn, bench.land.sealer).catch_up()
    production = PushHosts(PUSH_HOSTS, Destinations())
    with capture_logs() as logs:
        assert await bench.pushes(production).send_due(bench.sender) == 1
    assert bench.service.hooks == []
    assert (await bench.row())["failures"] == 1
    assert "geheim-adres" not in str(logs)


async def test_a_listed_name_that_leads_inside_is_not_dialled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else's name server may say anything: what counts is the address that is connected to."""
    await bench.land.pool.execute(
        "UPDATE push_subscription SET endpoint = $1", f"https://fcm.googleapis.com:{bench.service.port}/x"
    )
    await bench.refer()
    await Projector(bench.land.pool, bench.land.dsn, bench.land.sealer).catch_up()
    production = PushHosts(PUSH_HOSTS, Destinations())
    async with Sender(production.destinations, deadline=2) as strict:
        connector = strict._session.connector  # type: ignore[union-attr]  # noqa: SLF001 - where names are looked up

        async def inside(_host: str, port: int, **_options: object) -> list[dict[str, object]]:
            return [{"hostname": "x", "host": "127.0.0.1", "port": port, "family": 2, "proto": 6, "flags": 0}]

        monkeypatch.setattr(connector, "_resolve_host", inside)
        assert await bench.pushes(production).send_due(strict) == 1
    assert bench.service.hooks == []
    assert (await bench.row())["failures"] == 1


async def test_in_production_only_the_known_services_count(bench: Bench) -> None:
    hosts = PushHosts(PUSH_HOSTS, Destinations())
    for good in (
        "https://fcm.googleapis.com/fcm/send/x",
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://web.push.apple.com/x",
        "https://wns2-par02p.notify.windows.com/w/?token=x",
    ):
        assert not hosts.refuses(good)
    for bad in (bench.endpoint, "https://localhost/x", "https://push.services.mozilla.com.evil.example/", "https://x"):
        assert hosts.refuses(bad)
    assert PushHosts((), Destinations()).refuses("https://fcm.googleapis.com/x")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iOS"),
        ("curl/8", ""),
        ("<script>", ""),
    ],
)
def test_a_browser_has_a_name_that_people_know(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def _claims(authorization: str) -> dict[str, Any]:
    payload = authorization.partition("t=")[2].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
