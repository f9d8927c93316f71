"""One client's story over HTTP with a moved clock: each step is posted, then both inboxes are read and printed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx

from handover.access import demonstration
from handover.domain.deadlines import BRUSSELS, local_day
from handover.inbox.projector import Projector
from handover.inbox.views import InboxItem
from handover.record.scheduling import Scheduler
from handover.web.ui.inbox import sentence_keys
from handover.web.ui.words import WORDS, Language
from tests.instance import Instance, Party, number

OCMW, VDAB = "ocmw-lindedal", "vdab"
START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
"""A Tuesday, ten o'clock in Brussels."""
_GROUPS = {"yourTurn": "aan zet ", "theirTurn": "wacht   ", "news": "nieuws  "}
_CREATED = 201


class Story:
    """A dossier, its two sides, and the clock."""

    def __init__(self, instance: Instance, client: int, write: Callable[[str], None]) -> None:
        self.instance = instance
        self.write = write
        self.ssin = number(client)
        self.dossier_id = ""
        self.threads: dict[str, str] = {}
        self.steps = 0
        instance.services.clock.offset = START - datetime.now(UTC)

    @property
    def now(self) -> datetime:
        return self.instance.services.clock.now()

    @property
    def today(self) -> date:
        return local_day(self.now)

    def day(self, days: int = 0) -> str:
        """A day so far from today, as the API takes it."""
        return (self.today + timedelta(days=days)).isoformat()

    def moment(self, days: int = 0, hour: int = 10) -> str:
        at = datetime.combine(self.today + timedelta(days=days), datetime.min.time(), BRUSSELS)
        return at.replace(hour=hour).astimezone(UTC).isoformat()

    def party(self, who: str) -> Party:
        """A counsellor (`vdab.bemiddelaar-1`), or an organisation's software, with a token of this moment."""
        organisation = who.partition(".")[0]
        token = demonstration.issue(
            self.instance.data_dir, organisation=organisation, counsellor=who if "." in who else "", at=self.now
        )
        return Party(self.instance.http, token)

    async def begin(self, title: str, *, group: str = "livingWage", capacity: str = "livingWage") -> None:
        self.write(f"\n=== {title} ===")
        opening = {"ssin": self.ssin, "targetGroup": group}
        self.dossier_id = await self.party(f"{OCMW}.trajectbegeleider-1").open(**opening, capacity=capacity)
        await self.party(f"{VDAB}.bemiddelaar-1").open(**opening, capacity="jobSeeker")
        await self._print("OCMW Lindedal opent het dossier, VDAB volgt het mee")

    async def step(self, who: str, kind: str, data: dict[str, Any], *, of: str = "") -> dict[str, Any]:
        """A step, in the thread that was named `of` when it opened."""
        answer = await self.party(who).try_step(self.dossier_id, kind, data, self.threads.get(of))
        assert answer.status_code == _CREATED, f"{kind} by {who}: {answer.text}"
        event: dict[str, Any] = answer.json()["items"][0]
        if of and of not in self.threads:
            self.threads[of] = event["threadId"]
        self.steps += 1
        title = WORDS[Language.NL].event(kind, "title", about="")
        await self._print(f"{self._name(who)}: {title}")
        return event

    async def refused(self, who: str, kind: str, data: dict[str, Any], problem: str, *, of: str = "") -> None:
        """A step that must be refused, with that type of problem."""
        answer = await self.party(who).try_step(self.dossier_id, kind, data, self.threads.get(of))
        found = answer.json()
        assert found["type"].endswith(f":{problem}"), found
        self.write(f"\n[{self.today}] {self._name(who)} probeert {kind}: geweigerd ({problem})")
        self.write(f"    {WORDS[Language.NL](f'refusal.{problem}')}")

    async def pass_days(self, days: int, why: str) -> int:
        """Time passes, also for the scheduler; gives how many steps it recorded."""
        await self._catch_up()
        services = self.instance.worker
        self.instance.services.clock.offset += timedelta(days=days)
        services.clock.offset = self.instance.services.clock.offset
        recorded = await Scheduler(services.pool, services.record, services.clock).pass_time()
        self.write(
            f"\n[{self.today}] {days} dagen later: {why}" + (f" ({recorded} keer verwittigd)" if recorded else "")
        )
        await self._inboxes()
        return recorded

    async def thread(self, of: str) -> dict[str, Any]:
        found = await self.threads_now()
        return next(t for t in found if t["threadId"] == self.threads[of])

    async def threads_now(self) -> list[dict[str, Any]]:
        answer = await self._get(f"/v1/dossiers/{self.dossier_id}/threads")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def reads(self, who: str, event: dict[str, Any]) -> dict[str, Any]:
        """An event as somebody sees it now."""
        answer = await self.party(who).get(f"/v1/dossiers/{self.dossier_id}/events/{event['eventId']}")
        found: dict[str, Any] = answer.json()
        return found

    async def dossier(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._get(f"/v1/dossiers/{self.dossier_id}")).json()
        return found

    async def _get(self, path: str) -> httpx.Response:
        return await self.party(OCMW).get(path)

    async def _catch_up(self) -> None:
        services = self.instance.worker
        await Projector(services.pool, services.dsn, services.sealer).catch_up()

    async def _print(self, what: str) -> None:
        self.write(f"\n[{self.today}] {what}")
        await self._inboxes()

    async def _inboxes(self) -> None:
        await self._catch_up()
        for organisation in (OCMW, VDAB):
            items = (await self.party(organisation).get("/v1/inbox", team="true")).json()["items"]
            mine = [item for item in items if item["dossierId"] == self.dossier_id]
            self.write(f"  {organisation}")
            for item in mine:
                if item["group"] != "news":
                    self.write(f"    {_GROUPS[item['group']]}{self._sentence(item)}")
            news = [item["type"] for item in mine if item["group"] == "news"]
            if news:
                titles = [str(WORDS[Language.NL].event(kind, "title", about="")) for kind in reversed(news[:3])]
                self.write(f"    {_GROUPS['news']}{len(news)}, laatst: {'; '.join(t.strip() for t in titles)}")
            if not mine:
                self.write("    niets")

    def _sentence(self, item: dict[str, Any]) -> str:
        """What the screen says: the sentence, what is expected, until when, how long it runs, who was told."""
        words = WORDS[Language.NL]
        side = "yours" if item["group"] == "yourTurn" else "theirs"
        known = {name: item.get(name, "") for name in ("kind", "topic", "type", "stage", "status")}
        keys = sentence_keys(side, cast("InboxItem", SimpleNamespace(**known)))
        other = self._name(item["other"]["organisation"]) if "other" in item else ""
        client = f"{item['client']['givenName']} {item['client']['familyName']}"
        said = words.first(*(f"{key}.said" for key in keys), client=client, other=other)
        expected = words.first(*(f"{key}.expected" for key in keys), other=other)
        due = f" tegen {item['dueAt'][:10]}" if "dueAt" in item else ""
        late = " TE LAAT" if item["overdue"] else ""
        told = f" [{item['escalation']}]" if "escalation" in item else ""
        return f"{said} {expected}{due}{late}, loopt {item['ageDays']} dagen{told}"

    def _name(self, who: str) -> str:
        directory = self.instance.services.directory()
        organisation = directory.organisations[who.partition(".")[0]].name
        return f"{organisation} ({directory.counsellors[who].name})" if "." in who else organisation
