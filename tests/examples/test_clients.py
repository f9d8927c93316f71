"""The examples of clients: an OCMW refers in Python, VDAB accepts in TypeScript, both as they stand."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.client.generate import NODE
from tests.instance import Instance, becomes, number

EXAMPLES = Path(__file__).parents[2] / "examples"
PYTHON, TYPESCRIPT = EXAMPLES / "refer_a_client.py", EXAMPLES / "typescript"
MOST_LINES = 100
MADE = shutil.ignore_patterns("node_modules", "*.js", "cursor.txt")
"""What a run of the example leaves beside it."""


@dataclass
class Program:
    """A program that runs, and the lines that it has printed."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().strip())

    def said(self, words: str) -> list[str]:
        return [line for line in self.lines if words in line]


@asynccontextmanager
async def running(instance: Instance, organisation: str, *command: str, **settings: str) -> AsyncIterator[Program]:
    variables = {"HANDOVER_URL": instance.base_url, "HANDOVER_TOKEN": instance.party(organisation).token} | settings
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    program = Program(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript example as JavaScript, beside the packages that it needs."""
    place = tmp_path_factory.mktemp("typescript")
    shutil.copytree(TYPESCRIPT, place, dirs_exist_ok=True, ignore=MADE)
    (place / "node_modules").symlink_to(NODE / "node_modules")
    command = ["node", "node_modules/typescript/bin/tsc"]
    done = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return place / "follow.js"


async def test_one_refers_and_the_other_accepts(instance: Instance, compiled: Path, tmp_path: Path) -> None:
    follow = ("node", str(compiled), str(tmp_path / "cursor"))
    refer = (sys.executable, str(PYTHON), "case-1")
    async with running(instance, "vdab", *follow) as vdab, running(instance, "ocmw-lindedal", *refer) as ocmw:
        async with asyncio.timeout(30):
            assert await ocmw.process.wait() == 0, ocmw.lines
        await becomes(lambda: bool(vdab.said("accepted")))
    assert ocmw.said("handover.requested by ocmw-lindedal-software: requested, vdab.coordinator has the turn until")
    assert ocmw.said("handover.accepted by vdab-software: accepted, vdab.bemiddelaar-1 has the turn until")
    (accepted,) = vdab.said("accepted 01")
    accepted_again = await _again(instance, follow)
    assert not accepted_again, "it went on where it was"
    (tmp_path / "cursor").unlink()
    assert await _again(instance, follow) == [accepted], "the same acceptance, by its key"
    async with running(instance, "ocmw-lindedal", *refer) as once_more, asyncio.timeout(30):
        assert await once_more.process.wait() == 0
    timeline = (await instance.party("vdab").get("/v1/events", pageSize=1000)).json()["items"]
    assert [event["type"] for event in timeline].count("handover.requested") == 1
    assert [event["type"] for event in timeline].count("handover.accepted") == 1


async def _again(instance: Instance, command: tuple[str, ...]) -> list[str]:
    """Run the follower until it has gone through what there is; give what it accepted."""
    async with running(instance, "vdab", *command) as vdab:
        await becomes(lambda: bool(vdab.said("following from")))
        cursor = Path(command[-1])
        if not cursor.exists():
            await becomes(cursor.exists)
        await asyncio.sleep(0.5)
    return vdab.said("accepted 01")


async def test_what_is_wrong_is_said_field_by_field(instance: Instance) -> None:
    wrong = str(int(number(5)) + 1)
    command = (sys.executable, str(PYTHON), "case-2")
    async with running(instance, "ocmw-lindedal", *command, HANDOVER_SSIN=wrong) as ocmw, asyncio.timeout(30):
        assert await ocmw.process.wait() == 1
    assert ocmw.said("body ssin: Not a valid national number")


async def test_a_refusal_of_the_follower_is_said(instance: Instance, compiled: Path, tmp_path: Path) -> None:
    command = ("node", str(compiled), str(tmp_path / "cursor"))
    async with running(instance, "vdab", *command, HANDOVER_TOKEN="none") as vdab, asyncio.timeout(30):
        assert await vdab.process.wait() == 1
    assert vdab.said("401")


@pytest.mark.parametrize("path", [PYTHON, TYPESCRIPT / "follow.ts"], ids=lambda path: path.name)
def test_it_is_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < MOST_LINES
