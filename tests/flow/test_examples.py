"""Every example of the event types is accepted from the right party in the right state, refused from a wrong one."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from tests.conftest import fresh
from tests.instance import Instance, Party, number, running

from handover.platform.embedded import EmbeddedPostgres
from handover.web.api.reference import event_types

ENTRIES = event_types()
RIGHT = {
    "sender": "ocmw-lindedal",
    "receiver": "vdab",
    "lead": "ocmw-lindedal",
    "ocmw": "ocmw-lindedal",
    "vdab": "vdab",
    "any": "ocmw-lindedal",
}
WRONG = {
    "sender": "vdab",
    "receiver": "ocmw-lindedal",
    "lead": "vdab",
    "ocmw": "vdab",
    "vdab": "ocmw-lindedal",
    "any": "ocmw-waterhoek",
    "system": "ocmw-lindedal",
}


_clients = count(1)


@pytest.fixture(scope="module")
async def shared(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """One instance for all examples; each has a client of its own."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("examples"), work=False) as found:
            yield found


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['type']}-{'+'.join(entry['from']) or 'opens'}"


def _road(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The shortest row of entries that leads to a state in which this one may happen."""
    if not entry["from"] or (entry["threadKind"] == "dossier" and "topic" not in entry):
        return []
    same: list[dict[str, Any]] = [
        e for e in ENTRIES if e["threadKind"] == entry["threadKind"] and e.get("topic") == entry.get("topic")
    ]
    roads: list[list[dict[str, Any]]] = [[e] for e in same if not e["from"] and e["posted"]]
    for road in roads:
        if road[-1]["to"] in entry["from"]:
            return road
        roads += [[*road, e] for e in same if e["posted"] and road[-1]["to"] in e["from"] and e not in road]
    pytest.fail(f"no road leads to {entry['type']}")


async def _dossier(instance: Instance, entry: dict[str, Any]) -> tuple[str, str | None, dict[str, Party]]:
    parties = {slug: instance.party(slug) for slug in ("ocmw-lindedal", "ocmw-waterhoek", "vdab")}
    ssin = number(next(_clients))
    dossier_id = await parties["ocmw-lindedal"].open(ssin=ssin)
    await parties["vdab"].open(ssin=ssin, capacity="jobSeeker")
    if entry["from"] == ["closed"]:
        await parties["ocmw-lindedal"].step(dossier_id, "dossier.closed", {"reason": "goalReached"})
    thread_id = None
    for before in _road(entry):
        done = await parties[RIGHT[before["by"]]].step(dossier_id, before["type"], before["example"], thread_id)
        thread_id = done["threadId"]
    return dossier_id, thread_id, parties


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["posted"]], ids=_name)
async def test_example_is_accepted_from_the_right_party(shared: Instance, entry: dict[str, Any]) -> None:
    dossier_id, thread_id, parties = await _dossier(shared, entry)
    event = await parties[RIGHT[entry["by"]]].step(dossier_id, entry["type"], entry["example"], thread_id)
    assert event["type"] == entry["type"]
    assert event["data"] == entry["example"]
    if event.get("threads") and entry["threadKind"] != "dossier":
        assert event["threads"][0]["status"] == entry["to"]


@pytest.mark.parametrize("entry", ENTRIES, ids=_name)
async def test_example_is_refused_from_the_wrong_party(shared: Instance, entry: dict[str, Any]) -> None:
    dossier_id, thread_id, parties = await _dossier(shared, entry)
    wrong = parties["ocmw-waterhoek" if not entry["from"] and entry["posted"] else WRONG[entry["by"]]]
    before = (await parties["ocmw-lindedal"].get(f"/v1/dossiers/{dossier_id}")).json()["version"]
    answer = await wrong.try_step(dossier_id, entry["type"], entry["example"], thread_id)
    assert answer.status_code in {403, 404}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    after = (await parties["ocmw-lindedal"].get(f"/v1/dossiers/{dossier_id}")).json()["version"]
    assert after == before, "a refused step must store nothing"
