"""Writes beside the journal happen once per Idempotency-Key."""

import asyncio

from tests.instance import Instance

from handover.platform.ids import new_id
from handover.record.housekeeping import KEPT, forget_old_keys

URL = "http://127.0.0.1:9/hook"


async def test_a_subscription_is_made_once_and_its_secret_given_again(api: Instance) -> None:
    vdab, key = api.party("vdab"), str(new_id())
    first = await vdab.post("/v1/subscriptions", {"url": URL}, Idempotency_Key=key)
    again = await vdab.post("/v1/subscriptions", {"url": URL}, Idempotency_Key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len((await vdab.get("/v1/subscriptions")).json()["items"]) == 1
    kept = await api.services.pool.fetchval("SELECT answer FROM request_once")
    assert first.json()["secret"].encode() not in kept, "the kept answer is sealed"


async def test_the_same_key_for_another_request_is_refused(api: Instance) -> None:
    vdab, key = api.party("vdab"), str(new_id())
    await vdab.post("/v1/subscriptions", {"url": URL}, Idempotency_Key=key)
    other = await vdab.post("/v1/subscriptions", {"url": URL + "2"}, Idempotency_Key=key)
    assert other.status_code == 422
    theirs = await api.party("ocmw-lindedal").post("/v1/subscriptions", {"url": URL + "2"}, Idempotency_Key=key)
    assert theirs.status_code == 201, "keys count per organisation"


async def test_many_at_once_make_one(api: Instance) -> None:
    vdab, key = api.party("vdab"), str(new_id())
    answers = await asyncio.gather(
        *(vdab.post("/v1/subscriptions", {"url": URL}, Idempotency_Key=key) for _ in range(20))
    )
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.text for a in answers if a.status_code == 201}) == 1
    assert len((await vdab.get("/v1/subscriptions")).json()["items"]) == 1


async def test_a_refused_request_can_be_mended_under_the_same_key(api: Instance) -> None:
    vdab, key = api.party("vdab"), str(new_id())
    refused = await vdab.post("/v1/subscriptions", {"url": "ftp://x.example"}, Idempotency_Key=key)
    assert refused.status_code == 400
    assert (await vdab.post("/v1/subscriptions", {"url": URL}, Idempotency_Key=key)).status_code == 201


async def test_keys_are_forgotten_after_their_time(api: Instance) -> None:
    vdab = api.party("vdab")
    await vdab.post("/v1/subscriptions", {"url": URL})
    await api.party("ocmw-lindedal").open()
    services = api.services
    assert await forget_old_keys(services.pool, services.clock) == 0
    for table, column in (("idempotency", "recorded_at"), ("request_once", "taken_at")):
        await services.pool.execute(f"UPDATE {table} SET {column} = {column} - $1::interval", KEPT)  # noqa: S608
    assert await forget_old_keys(services.pool, services.clock) == 2
