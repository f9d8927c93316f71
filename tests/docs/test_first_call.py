"""What the README says to paste runs when it is pasted, at the end of its walk."""

import asyncio
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.instance import Instance
from tests.web.test_belgif import REFERRAL

from handover.client import Client, Retries, bodies, steps

README = Path(__file__).parents[2] / "README.md"


async def test_the_first_call_in_python_runs_as_it_is_pasted(api: Instance) -> None:
    (pasted,) = (
        block
        for block in re.findall(r"^```sh\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if "handover.client" in block
    )
    assert len(pasted.splitlines()) <= 11
    ocmw, vdab = api.party("ocmw-lindedal"), api.party("vdab")
    dossier_id = await ocmw.open()
    await ocmw.step(dossier_id, "handover.requested", REFERRAL)
    await vdab.step(dossier_id, "handover.accepted", {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "threeWayTalk"})
    assert pasted.count("localhost:8000") == 1
    assert pasted.count(".venv/bin/python") == 1
    here = pasted.replace("localhost:8000", urlsplit(api.base_url).netloc).replace(".venv/bin/python", sys.executable)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", f"OCMW={ocmw.token}\n{here}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    assert lines[0].split()[2] == "dossier.opened"
    assert lines[-1].endswith("handover.accepted vdab-software")


def test_what_is_said_of_the_client_exists() -> None:
    text = (README.parent / "docs" / "client.md").read_text("utf-8")
    methods = set(re.findall(r"client\.([a-z_]+)\(", text))
    assert len(methods) > 5
    assert [name for name in methods if not hasattr(Client, name)] == []
    for module, name in re.findall(r"\b(bodies|steps)\.([A-Z]\w+)", text):
        assert hasattr({"bodies": bodies, "steps": steps}[module], name), name
    assert "`Retries(tries=6, seconds=60)`" in text
    assert (Retries().tries, Retries().seconds) == (6, 60)
