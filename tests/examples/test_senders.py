"""The senders that others copy: they run as they stand against a real service, in order or not, through an outage."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from tests.instance import Instance, number
from tests.web.test_belgif import REFERRAL
from tests.web.test_inbound import Vdab, recorded, steps

from handover.access import senders

EXAMPLES = Path(__file__).parents[2] / "examples" / "senders"
PROGRAMS = {"python": [sys.executable, str(EXAMPLES / "sender.py")], "node": ["node", str(EXAMPLES / "sender.mjs")]}
MOST_LINES = 100


@dataclass
class Program:
    """A sender with a key of its own."""

    command: list[str]
    key: str = ""
    public: str = ""

    async def make_key(self) -> None:
        lines = (await self._run(["--new-key"], b"")).splitlines()
        self.key, self.public = lines[0].removeprefix("SIGNING_KEY="), lines[1].split()[-1]
        assert lines[1].startswith("handover senders add vdab whpk_")

    async def send(self, url: str, *lines: object) -> list[dict[str, Any]]:
        told = await self._run([url], "".join(json.dumps(line) + "\n" for line in lines).encode())
        return [json.loads(line) for line in told.splitlines()]

    async def _run(self, arguments: list[str], given: bytes) -> str:
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *arguments,
            env={**os.environ, "SIGNING_KEY": self.key},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await asyncio.wait_for(process.communicate(given), 60)
        assert process.returncode == 0
        return told.decode()


@pytest.fixture(params=PROGRAMS)
async def program(request: pytest.FixtureRequest, api: Instance) -> Program:
    found = Program(PROGRAMS[request.param])
    await found.make_key()
    await senders.add(api.worker.pool, "vdab", found.public, datetime.now(UTC))
    return found


async def a_referral(api: Instance) -> tuple[str, list[dict[str, Any]]]:
    ocmw = api.party("ocmw-lindedal")
    dossier_id = await ocmw.open(ssin=number(7))
    event = await ocmw.step(dossier_id, "handover.requested", REFERRAL)
    return dossier_id, steps(Vdab(api.http), dossier_id, event["threadId"])[:3]


def test_each_is_under_a_hundred_lines() -> None:
    for _, path in PROGRAMS.values():
        assert len(Path(path).read_text("utf-8").splitlines()) < MOST_LINES


async def test_it_sends_in_whatever_order_until_each_is_taken(api: Instance, program: Program) -> None:
    dossier_id, events = await a_referral(api)
    told = await program.send(api.base_url, [*reversed(events), events[0]])
    assert sorted(one["id"] for one in told) == sorted([*(event["id"] for event in events), events[0]["id"]])
    assert {one["status"] for one in told} == {201}
    kinds = [kind for kind in await recorded(api, dossier_id) if kind.startswith("handover.")]
    assert kinds == ["handover.accepted", "handover.contacted", "handover.progressed"]


async def test_what_can_never_be_taken_is_told_and_holds_up_nothing(api: Instance, program: Program) -> None:
    dossier_id, events = await a_referral(api)
    told = await program.send(api.base_url, events[0] | {"id": "wrong", "data": {"step": {}}}, events[0])
    assert [(one["id"], one["status"]) for one in told] == [("wrong", 400), (events[0]["id"], 201)]
    assert told[0]["answer"]["issues"]
    assert "handover.accepted" in await recorded(api, dossier_id)


async def test_an_answer_that_is_lost_doubles_nothing(api: Instance, program: Program) -> None:
    """Between them stands what cuts the line: before the request arrives, and after it was taken."""
    dossier_id, events = await a_referral(api)
    cut = ["before", "after", "after", "before"]

    async def between(request: web.Request) -> web.Response:
        how = cut.pop(0) if cut else ""
        body, headers = await request.read(), dict(request.headers)
        status, answer = 0, {}
        if how != "before":
            here = api.base_url + request.path
            async with ClientSession() as http, http.post(here, data=body, headers=headers) as got:
                status, answer = got.status, await got.json()
        if how:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/v1/inbound/vdab", between)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        told = await program.send(f"http://127.0.0.1:{runner.addresses[0][1]}", *events)
    finally:
        await runner.cleanup()
    assert cut == []
    assert [one["status"] for one in told] == [201] * 3
    kinds = [kind for kind in await recorded(api, dossier_id) if kind.startswith("handover.")]
    assert kinds == ["handover.accepted", "handover.contacted", "handover.progressed"]
