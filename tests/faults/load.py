"""Seeded work on the API, and a ledger of what was acknowledged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from tests.faults.house import OCMW, VDAB, House
from tests.instance import number

_TRANSPORT = (httpx.TransportError,)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request that is repeated with the same key and the same bytes until it is answered."""

    organisation: str
    path: str
    body: dict[str, object]
    key: str


@dataclass
class Load:
    """Posts through any of the API addresses. The seed decides every choice; what is not answered is remembered.

    `acknowledged`: key to the event ids of the answer. `unknown`: sent, and no final answer came.
    """

    house: House
    urls: list[str]
    seed: int = 1
    dossiers: list[str] = field(default_factory=list)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, Wish] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    sent: dict[str, datetime] = field(default_factory=dict)
    """When a key was sent for the last time."""
    tried: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311 - a reproducible load, no secret
        self._http = httpx.AsyncClient(
            trust_env=False, timeout=20, limits=httpx.Limits(max_connections=200, keepalive_expiry=2)
        )
        self._tokens = {who: self.house.token(who) for who in (OCMW, VDAB)}
        self._keys = 0

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def wish(self, path: str, body: dict[str, object], organisation: str = OCMW) -> Wish:
        """Give a request with a key of its own."""
        self._keys += 1
        return Wish(organisation, path, body, f"load-{self.seed}-{self._keys}")

    async def send(self, wish: Wish) -> httpx.Response:
        """Send a request once, without keeping account of it."""
        headers = {"Authorization": f"Bearer {self._tokens[wish.organisation]}", "Idempotency-Key": wish.key}
        url = self._rng.choice(self.urls)
        return await self._http.post(url + wish.path, json=wish.body, headers=headers)

    async def call(
        self, method: str, path: str, body: object = None, *, organisation: str = OCMW, url: str = ""
    ) -> httpx.Response:
        """Ask for or change something that is no step; `url` is an API of its own."""
        headers = {"Authorization": f"Bearer {self._tokens[organisation]}"}
        return await self._http.request(method, (url or self.urls[0]) + path, json=body, headers=headers)

    async def post(self, wish: Wish) -> httpx.Response | None:
        """Send once and keep account: acknowledged, or unknown with the reason counted."""
        self.tried += 1
        self.unknown[wish.key] = wish
        self.sent[wish.key] = datetime.now(UTC)
        started = time.monotonic()
        try:
            answer = await self.send(wish)
        except _TRANSPORT as error:
            self.problems[type(error).__name__] += 1
            return None
        self.latencies.append(time.monotonic() - started)
        self._note(wish, answer)
        return answer

    def _note(self, wish: Wish, answer: httpx.Response) -> None:
        if answer.status_code in {200, 201}:
            del self.unknown[wish.key]
            items = answer.json().get("items", [])
            self.acknowledged[wish.key] = [item["eventId"] for item in items]
            return
        self.problems[str(answer.status_code)] += 1
        if answer.status_code >= 500:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            assert answer.json()["detail"], "a problem says what to do"
            return
        raise AssertionError(f"{answer.status_code} for {wish}: {answer.text}")

    async def must(self, wish: Wish, seconds: float = 60) -> httpx.Response:
        """Send until it is answered with success."""
        deadline = time.monotonic() + seconds
        while True:
            answer = await self.post(wish)
            if answer is not None and answer.is_success:
                return answer
            assert time.monotonic() < deadline, f"no answer: {dict(self.problems)}"
            await asyncio.sleep(0.1)

    async def open(self, count: int, *, referred: bool = True) -> list[str]:
        """Open dossiers; `referred` ones have VDAB in them, so that each further step concerns both."""
        rooms = asyncio.Semaphore(16)

        async def one(n: int) -> str:
            async with rooms:
                return await self._open(n, referred=referred)

        first = len(self.dossiers)
        made = await asyncio.gather(*(one(first + n) for n in range(count)))
        self.dossiers += made
        return list(made)

    async def _open(self, n: int, *, referred: bool) -> str:
        opening: dict[str, object] = {
            "ssin": number(n),
            "givenName": "Voorbeeld",
            "familyName": f"Nummer {n}",
            "birthDate": "1980-01-01",
            "targetGroup": "livingWage",
            "capacity": "livingWage",
            "legalBasisId": "demo-protocol",
        }
        dossier_id = str((await self.must(self.wish("/v1/dossiers", opening))).json()["dossierId"])
        if referred:
            request: dict[str, object] = {
                "type": "handover.requested",
                "data": {
                    "receiver": VDAB,
                    "purpose": "guidanceToWork",
                    "summary": "Zoekt werk in een magazijn.",
                    "contact": "ocmw-lindedal.trajectbegeleider-1",
                    "legalBasisId": "demo-protocol",
                },
            }
            await self.must(self.wish(f"/v1/dossiers/{dossier_id}/events", request))
        return dossier_id

    def step(self, dossier_id: str, organisation: str = OCMW) -> Wish:
        """Give a step that may be posted at any time and touches nothing else."""
        body: dict[str, object] = {
            "type": "followUp.appointmentPlanned",
            "data": {
                "appointmentAt": f"2027-{self._rng.randint(1, 12):02}-{self._rng.randint(1, 28):02}T09:00:00Z",
                "subject": f"Gesprek {self._rng.randint(1, 1000)}",
            },
        }
        return self.wish(f"/v1/dossiers/{dossier_id}/events", body, organisation)

    async def each(self, dossiers: Iterable[str]) -> list[str]:
        """Post a step in each of the dossiers, side by side; give the event ids in the same order."""
        answers = await asyncio.gather(*(self.must(self.step(dossier_id)) for dossier_id in dossiers))
        return [answer.json()["items"][0]["eventId"] for answer in answers]

    async def run(
        self,
        steps: int,
        *,
        writers: int = 8,
        pace: float = 0.0,
        tries: int = 1,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Post so many steps over the dossiers, each at most `tries` times; stop early when `until` says so.

        `pace` seconds pass between a writer's steps.
        """
        wishes = iter([self.step(self._rng.choice(self.dossiers)) for _ in range(steps)])

        async def write() -> None:
            for wish in wishes:
                if until():
                    return
                for attempt in range(1, tries + 1):
                    answer = await self.post(wish)
                    if answer is None or pace:
                        await asyncio.sleep((pace or 0.02) * attempt)
                    if wish.key in self.acknowledged:
                        break

        await asyncio.gather(*(write() for _ in range(writers)))

    async def settle(self, seconds: float = 60) -> int:
        """Send what has no answer again with its key until all is answered; give how many had been stored already.

        That is how a client finds out whether a commit whose answer was lost took place.
        """
        keys = list(self.unknown)
        stored = int(str(await self.house.fetchval("SELECT count(*) FROM idempotency WHERE key = ANY ($1)", keys)))
        rooms = asyncio.Semaphore(8)

        async def one(wish: Wish) -> None:
            async with rooms:
                await self.must(wish, seconds)

        await asyncio.gather(*map(one, list(self.unknown.values())))
        assert not self.unknown
        return stored

    async def resolved(self) -> int:
        """Give how many were stored before they were sent for the last time: their key told so, and no second came."""
        query = """
        SELECT count(*) FROM idempotency i JOIN unnest($1::text[], $2::timestamptz[]) AS s (key, at) USING (key)
        WHERE i.recorded_at < s.at
        """
        return int(str(await self.house.fetchval(query, list(self.sent), list(self.sent.values()))))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value under which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
