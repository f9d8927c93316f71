"""Webhooks of a real worker, checked with either key; and everything that is not ours."""

import base64
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Independent

from handover.client import NotOurs, Webhooks, bodies
from handover.client.webhooks import TOLERANCE_SECONDS
from handover.delivery.signing import key_of, new_private, new_secret, public_of, signature
from tests.client.talking import REFERRAL, talking
from tests.instance import Instance, becomes

BODY = b'{"specversion":"1","id":"e1","type":"","source":"","subject":"d","time":"2026-11-16T09:30:00Z","data":{"n":1}}'
SECRET, PRIVATE = new_secret(), new_private()
PUBLIC = public_of(PRIVATE)


def signed(body: bytes = BODY, *, at: float | None = None, message_id: str = "e1") -> dict[str, str]:
    moment = int(time.time() if at is None else at)
    return {
        "Webhook-Id": message_id,
        "webhook-timestamp": str(moment),
        "WEBHOOK-SIGNATURE": signature([key_of(SECRET, PRIVATE)], message_id, moment, body),
    }


@pytest.mark.parametrize("key", [SECRET, PUBLIC, SECRET.removeprefix("whsec_")], ids=["v1", "v1a", "unprefixed"])
def test_what_we_signed_is_read(key: str) -> None:
    found = Webhooks(key).read(signed(), BODY)
    assert (found.id, found.subject, found.data, found.event) == ("e1", "d", {"n": 1}, None)


@pytest.mark.parametrize("key", [SECRET, PUBLIC], ids=["v1", "v1a"])
def test_what_is_not_ours_is_refused(key: str) -> None:
    hooks, good = Webhooks(key), signed()
    late, early = signed(at=time.time() - TOLERANCE_SECONDS - 5), signed(at=time.time() + TOLERANCE_SECONDS + 5)
    for headers, body in (
        (good, BODY + b" "),
        (good | {"Webhook-Id": "e2"}, BODY),
        (good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}, BODY),
        (good | {"webhook-timestamp": "yesterday"}, BODY),
        (good | {"webhook-timestamp": "²"}, BODY),
        (good | {"WEBHOOK-SIGNATURE": "v1,AAAA v1a,AAAA v1 , v2,x"}, BODY),
        (good | {"WEBHOOK-SIGNATURE": good["WEBHOOK-SIGNATURE"].replace("v1,", "v3,").replace("v1a,", "v1,")}, BODY),
        ({}, BODY),
        (late, BODY),
        (early, BODY),
    ):
        with pytest.raises(NotOurs):
            hooks.read(headers, body)
    with pytest.raises(NotOurs):
        Webhooks(new_secret()).read(good, BODY)
    with pytest.raises(NotOurs):
        Webhooks(public_of(new_private())).read(good, BODY)
    assert hooks.read(late, BODY, now=int(late["webhook-timestamp"])).id == "e1"


def test_one_key_that_fits_is_enough() -> None:
    assert Webhooks(new_secret(), public_of(new_private()), SECRET).read(signed(), BODY).id == "e1"


def test_what_is_signed_and_no_event_is_not_read() -> None:
    with pytest.raises(NotOurs):
        Webhooks(SECRET).read(signed(b"[]"), b"[]")


def test_a_key_that_is_none_is_said_without_repeating_it() -> None:
    for wrong in ("whsec_***", "whpk_***", "", "whsec_"):
        with pytest.raises(ValueError, match=r"key|secret") as raised:
            Webhooks(wrong)
        assert "***" not in str(raised.value)
    with pytest.raises(ValueError, match="give"):
        Webhooks()


def test_an_independent_library_agrees() -> None:
    raw = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    at = datetime.now(UTC)
    headers = {"webhook-id": "e1", "webhook-timestamp": str(int(at.timestamp()))}
    made = Independent(raw).sign("e1", at, BODY.decode())
    assert Webhooks(raw).read(headers | {"webhook-signature": made}, BODY).id == "e1"


def test_the_shared_secret_needs_no_other_package() -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from handover.client import Webhooks\n"
        f"Webhooks({SECRET!r})\n"
        "try: Webhooks('whpk_' + 'A' * 43 + '=')\n"
        "except ImportError: print('said')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "said\n"


@dataclass
class Receiver:
    url: str = ""
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.arrived.append((dict(request.headers), await request.read()))
        return web.Response(status=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def test_what_a_real_worker_sends_is_read_with_either_key(instance: Instance) -> None:
    async with receiving() as receiver, talking(instance, "vdab") as vdab, talking(instance, "ocmw-lindedal") as ocmw:
        made = await vdab.create_subscription(bodies.SubscriptionCreation(url=receiver.url, content="full"))
        assert (await vdab.test_subscription(made.subscription_id)).delivered
        dossier = await ocmw.open()
        (requested, *_) = (await ocmw.post_event(dossier.dossier_id, REFERRAL)).items
        await becomes(lambda: len(receiver.arrived) >= 3)
        both = [[Webhooks(key).read(*one) for one in receiver.arrived] for key in (made.secret, made.public_key or "")]
        assert both[0] == both[1]
        told = next(one for one in both[0] if one.id == requested.event_id)
        assert told.subject == dossier.dossier_id
        assert told.event is not None
        assert (told.event.type, told.event.data["purpose"]) == ("handover.requested", "guidanceToWork")
        assert told.href == told.event.href
        rotated = await vdab.rotate_secret(made.subscription_id)
        count = len(receiver.arrived)
        await vdab.test_subscription(made.subscription_id)
        await becomes(lambda: len(receiver.arrived) > count)
        for key in (made.secret, rotated.secret, rotated.public_key):
            assert Webhooks(key).read(*receiver.arrived[-1]).id
