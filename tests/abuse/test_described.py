"""The whole API as its description has it, asked by each role: what is sent follows from the description alone.

Schemathesis makes the requests: values at the edges and over them for every operation, and chains of operations that
use what others answered (open a dossier, read it, post to it, ...). Nothing may fail in the server, and every answer
must be one that is described, in status, headers, media type and form.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handover.access import demonstration
from tests.faults.conftest import home, loading
from tests.faults.house import House
from tests.faults.scorecard import LONG

__all__ = ["home"]
_TOP = Path(__file__).parents[2]
DESCRIPTION = _TOP / "openapi" / "handover-v1.json"
OCMW = "ocmw-lindedal"
WHO = {
    "counsellor": (f"{OCMW}.trajectbegeleider-1", ()),
    "coordinator": (f"{OCMW}.trajectbegeleider-1", ("coordinator",)),
    "integration": ("", ()),
    "dataProtectionOfficer": (f"{OCMW}.trajectbegeleider-1", ("dataProtectionOfficer",)),
    "administrator": (f"{OCMW}.trajectbegeleider-1", ("administrator",)),
    "unknown": (f"{OCMW}.trajectbegeleider-1", ("gardener",)),
}
_WORKS = {"counsellor", "coordinator", "integration"}
_ENDLESS = r"/stream$"
"""Streams have no end to wait for; tests of their own follow them."""
_LEFT_OUT = "positive_data_acceptance,allow_header_conformance"
"""A step that follows the description may still be refused by a rule of the domain; and `GET /v1/dossiers/search` is a
dossier that is not there, which `Allow` counts and the description does not (tests/web/test_http.py)."""
_LINKS = re.compile(r"API Links: +(\d+) covered")


@dataclass(frozen=True)
class Explored:
    """What came of it: requests made, operations tried, and links between operations that were followed."""

    cases: int
    operations: int
    links: int
    failures: tuple[str, ...]


async def _explore(url: str, token: str, place: Path, *more: str, described: Path = DESCRIPTION) -> Explored:
    """Let it explore. `more`: its options."""
    place.mkdir()
    command = (
        *(str(Path(sys.executable).with_name("schemathesis")), "run", str(described), "--origin", url),
        *("-H", f"Authorization: Bearer {token}", "--seed", "1", "--suppress-health-check", "all"),
        *("--exclude-checks", _LEFT_OUT, "--exclude-path-regex", _ENDLESS, "--continue-on-failure"),
        *("--report", "json", "--report-json-path", "report.json", "--warnings", "off", *more),
    )
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.abuse.realistic", "PYTHONPATH": str(_TOP)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=place, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    report = place / "report.json"
    assert report.exists(), said[-3000:]
    found = json.loads(report.read_text("utf-8"))
    assert found["complete"], said[-3000:]
    assert not found["errors"], found["errors"]
    failures = tuple(f"{one['title']}: {', '.join(one['operations'])}" for one in found["failures"])
    assert bool(failures) == (process.returncode != 0), said[-3000:]
    if failures:
        print(said)  # noqa: T201 - with the requests that lead to each
    links = _LINKS.search(said)
    return Explored(
        found["test_cases"]["generated"], found["operations"]["tested"], int(links[1]) if links else 0, failures
    )


async def _api(home: House) -> str:
    """Start an API that asks nobody to wait, with some dossiers in it."""
    api = await home.api(
        HANDOVER_REFUSALS_PER_MINUTE="0",
        HANDOVER_CLIENT_REQUESTS_PER_SECOND="0",
        HANDOVER_ORGANISATION_REQUESTS_PER_SECOND="0",
    )
    async with loading(home, api.url) as load:
        await load.open(3)
    return api.url


def _token(home: House, role: str) -> str:
    counsellor, roles = WHO[role]
    return demonstration.issue(home.place, organisation=OCMW, counsellor=counsellor, roles=roles, at=datetime.now(UTC))


async def test_chains_of_operations_as_each_role(home: House, tmp_path: Path) -> None:
    url, rooms = await _api(home), asyncio.Semaphore(2)
    examples = "200" if LONG else "40"

    async def explore(role: str) -> Explored:
        async with rooms:
            options = ("--phases", "stateful", "--mode", "positive", "--max-examples", examples)
            return await _explore(url, _token(home, role), tmp_path / role, *options)

    for role, found in zip(WHO, await asyncio.gather(*map(explore, WHO)), strict=True):
        print(f"\nchains as {role}: {found}")  # noqa: T201 - the figures are wanted
        assert found.failures == (), role
        assert found.cases > 100, role
        if role in _WORKS:
            assert found.links > 10, f"{role} got nowhere"


@pytest.mark.parametrize("role", WHO if LONG else ["integration"])
async def test_values_at_the_edges(home: House, tmp_path: Path, role: str) -> None:
    found = await _explore(await _api(home), _token(home, role), tmp_path / "edges", "--phases", "coverage")
    print(f"\nedges as {role}: {found}")  # noqa: T201 - the figures are wanted
    assert found.failures == ()
    assert found.cases > 5000
    assert found.operations > 50


@pytest.mark.parametrize(
    ("wrong", "noticed"),
    [
        (lambda d: _schema(d, "OrganisationView")["properties"]["kind"].update(type="integer", enum=[7]), "schema"),
        (lambda d: d["paths"]["/v1/organisations"]["get"]["responses"].pop("200"), "undocumented"),
    ],
    ids=["a form that is another", "a status that is not described"],
)
async def test_a_description_that_is_wrong_is_noticed(
    home: House, tmp_path: Path, wrong: Callable[[Any], object], noticed: str
) -> None:
    """So that the tests above are known to be able to fail."""
    description = json.loads(DESCRIPTION.read_text("utf-8"))
    wrong(description)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(description), "utf-8")
    options = ("--phases", "coverage", "--include-path", "/v1/organisations")
    found = await _explore(
        await _api(home), _token(home, "integration"), tmp_path / "wrong", *options, described=changed
    )
    assert any(noticed in failure.lower() for failure in found.failures), found


def _schema(description: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return description["components"]["schemas"][name]
