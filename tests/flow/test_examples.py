"""Every example of the event types is accepted from the right party in the right state, refused from a wrong one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import msgspec
import pytest
from tests.conftest import fresh
from tests.instance import Instance, Party, number, running

from handover.domain.agreements import PriorityLine, Terms
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id
from handover.web.api.reference import event_types

ENTRIES = event_types()
OCMW, VDAB, OUTSIDE = "ocmw-lindedal", "vdab", "ocmw-waterhoek"
FIXED = {"ocmw": OCMW, "vdab": VDAB, "lead": OCMW, "any": OCMW, "ocmwOrVdab": OCMW, "organiser": VDAB, "system": ""}
"""Who may post, where that does not depend on who began."""

_clients = count(1)


@pytest.fixture(scope="module")
async def shared(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """One instance for all examples; each has a client of its own."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("examples"), work=False) as found:
            await _agree(found)
            yield found


async def _agree(instance: Instance) -> None:
    """Agree on a priority line, which some steps need."""
    await instance.pool.execute(
        """
        INSERT INTO agreement (agreement_id, ocmw, vdab, terms, valid_from, changed_by, changed_at)
        VALUES ($1, $2, $3, $4, $5, 'test', now())
        """,
        new_id(),
        OCMW,
        VDAB,
        msgspec.json.encode(Terms(priority_line=PriorityLine())).decode(),
        date(2020, 1, 1),
    )
    await instance.services.directory.refresh()


def _name(entry: dict[str, Any]) -> str:
    states = "every" if entry.get("everyThread") else "+".join(entry["from"]) or "opens"
    return f"{entry['type']}-{states}" + (f"-{entry['when']}" if "when" in entry else "")


@dataclass
class Place:
    """Where a step is to be taken: the dossier, its thread, who began that, and what was done last."""

    dossier_id: str
    parties: dict[str, Party]
    thread_id: str | None = None
    sender: str = OCMW
    receiver: str = VDAB
    last: dict[str, Any] | None = None
    mandate_id: str = ""
    from_author: str = OCMW

    def who(self, entry: dict[str, Any]) -> str:
        if entry["type"].endswith(".enteredInError"):
            return self.from_author
        if entry["by"] == "sender":
            return self.sender
        return self.receiver if entry["by"] in {"receiver", "side"} else FIXED[entry["by"]]

    def not_who(self, entry: dict[str, Any]) -> str:
        """Somebody who is in the dossier where there is one who may not, else an outsider."""
        if entry["by"] in {"side", "any", "ocmwOrVdab"}:
            return OUTSIDE
        if entry["by"] == "system":
            return OCMW
        opens_by_ocmw_or_vdab = entry["by"] == "sender" and self.thread_id is None
        return OUTSIDE if opens_by_ocmw_or_vdab else (VDAB if self.who(entry) == OCMW else OCMW)

    def data(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The example, speaking of what is there."""
        changes: dict[str, Any] = dict(entry["example"])
        if "mandateId" in entry["example"]:
            changes["mandateId"] = self.mandate_id
        if entry["type"].endswith(".enteredInError") and self.last:
            changes["eventId"] = self.last["eventId"]
        return changes

    async def take(self, entry: dict[str, Any], **changes: str) -> dict[str, Any]:
        who = self.who(entry)
        self.last = await self.parties[who].step(
            self.dossier_id, entry["type"], self.data(entry) | changes, self.thread_id
        )
        if self.thread_id is None and "threadId" in self.last:
            self.thread_id = self.last["threadId"]
        self.from_author = who
        return self.last


def _road(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The shortest row of entries that leads to where this one may happen."""
    if not entry["from"] or (entry["threadKind"] == "dossier" and "topic" not in entry and "everyThread" not in entry):
        return []
    same: list[dict[str, Any]] = [e for e in ENTRIES if e["threadKind"] == entry["threadKind"] and _is_step(e)]
    if "everyThread" not in entry:
        same = [e for e in same if e.get("topic") == entry.get("topic")]
    same = [e for e in same if e.get("when") != "client not on leefloon"]
    roads: list[list[dict[str, Any]]] = [[e] for e in same if not e["from"] and e["posted"] and e["type"] != TOLD]
    for road in roads:
        if _fits(entry, road):
            return road
        roads += [[*road, e] for e in same if e["posted"] and e["from"] and _fits(e, road) and e not in road]
    return []


TOLD = "dossier.statusConflictDetected"


def _is_step(entry: dict[str, Any]) -> bool:
    plain = entry["threadKind"] == "dossier" and "topic" not in entry
    return not plain and "everyThread" not in entry


def _fits(entry: dict[str, Any], road: list[dict[str, Any]]) -> bool:
    remarks = [e for e in road if e["turn"] == "unchanged"]
    last = [e for e in road if e not in remarks][-1]
    if last["to"] not in entry["from"]:
        return False
    return "after" not in entry or last["type"] in entry["after"]


async def _place(instance: Instance, entry: dict[str, Any]) -> Place:
    parties = {slug: instance.party(slug) for slug in (OCMW, OUTSIDE, VDAB)}
    ssin, when = number(next(_clients)), entry.get("when", "")
    group = "jobSeeker" if when == "client not on leefloon" else "livingWage"
    dossier_id = await parties[OCMW].open(ssin=ssin, targetGroup=group)
    await parties[VDAB].open(ssin=ssin, capacity="jobSeeker", targetGroup=group)
    place = Place(dossier_id, parties)
    needs = set(entry.get("guards", ()))
    road = _road(entry)
    needs |= {guard for e in road for guard in e.get("guards", ())}
    if "leefloon or equivalent, and registered at VDAB" in needs or entry["threadKind"] == "nonCooperation":
        await parties[VDAB].step(dossier_id, "dossier.registeredAtVdab", {"since": "2026-11-02"})
        place.sender, place.receiver = VDAB, OCMW
    if "a mandate that stands" in needs or entry["type"].startswith("dossier.mandate"):
        given = next(e for e in ENTRIES if e["type"] == "dossier.mandateGiven")
        place.mandate_id = (await parties[OCMW].step(dossier_id, str(given["type"]), given["example"]))["eventId"]
    if "on the priority line" in needs:
        await parties[OCMW].step(dossier_id, "dossier.priorityLineEntered", {"since": "2026-11-02"})
    if entry["from"] == ["closed"] and not road:
        await parties[OCMW].step(dossier_id, "dossier.closed", {"reason": "goalReached"})
    if entry.get("topic") == "statusConflict" and entry["from"]:
        stated = {"benefit": "unemployment", "since": "2026-11-02"}
        await place.parties[VDAB].step(dossier_id, "dossier.benefitStated", stated)
        threads = (await parties[VDAB].get(f"/v1/dossiers/{dossier_id}/threads")).json()["items"]
        place.thread_id = next(t["threadId"] for t in threads if t["topic"] == "statusConflict")
        place.sender, place.receiver = VDAB, OCMW
    for n, before in enumerate(road):
        automatic = {"route": "automaticRight"} if n == 0 and when == "automatic right" else {}
        await place.take(before, **automatic)
    return place


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["posted"]], ids=_name)
async def test_example_is_accepted_from_the_right_party(shared: Instance, entry: dict[str, Any]) -> None:
    place = await _place(shared, entry)
    data = place.data(entry)
    event = await place.take(entry)
    assert event["type"] == entry["type"]
    assert event["data"] == data
    assert {name for name, value in data.items() if value != entry["example"].get(name)} <= {"mandateId", "eventId"}
    if event.get("threads") and _is_step(entry) and not entry.get("everyThread"):
        assert event["threads"][0]["status"] == entry["to"]


@pytest.mark.parametrize("entry", ENTRIES, ids=_name)
async def test_example_is_refused_from_the_wrong_party(shared: Instance, entry: dict[str, Any]) -> None:
    place = await _place(shared, entry)
    wrong = place.parties[place.not_who(entry)]
    where = f"/v1/dossiers/{place.dossier_id}"
    before = (await place.parties[OCMW].get(where)).json()["version"]
    answer = await wrong.try_step(place.dossier_id, entry["type"], place.data(entry), place.thread_id)
    assert answer.status_code in {403, 404}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    after = (await place.parties[OCMW].get(where)).json()["version"]
    assert after == before, "a refused step must store nothing"
