"""Lines 34 to 36: forged tokens, secrets that change, and webhooks that are sent where they may not go."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

import httpx

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading
from tests.faults.forging import Forger
from tests.faults.house import OCMW, VDAB, House, Program
from tests.faults.load import Load
from tests.faults.scorecard import LONG

Headers = list[tuple[bytes, bytes]]


async def _ask(http: httpx.AsyncClient, tasks: Sequence[tuple[str, str, Headers]]) -> list[httpx.Response]:
    """Send them all, a few at once; answers in the same order."""
    rooms = asyncio.Semaphore(16)

    async def one(method: str, path: str, headers: Headers) -> httpx.Response:
        async with rooms:
            return await http.request(method, path, headers=headers)

    return list(await asyncio.gather(*(one(*task) for task in tasks)))


def _calm(program: Program) -> None:
    """Fail when the log holds a failure of the program itself: those are errors, with their place in the code."""
    assert "Traceback" not in program.log, program.log[-2000:]
    assert '"level":"error"' not in program.log.replace(" ", ""), program.log[-2000:]


def _bearer(*tokens: bytes) -> Headers:
    return [(b"Authorization", b"Bearer " + token) for token in tokens]


def _junk(rng: random.Random, good: str) -> str:
    """Give a value like `good` that is not it: for a path segment or a query value, percent-encoded."""
    at = rng.randrange(len(good)) if good else 0
    raw = rng.choice(
        [
            good[:at] + chr(rng.randrange(33, 0x2FFF)) + good[at + 1 :],
            good[:at],
            good + good,
            "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(1, 40))),
            "9" * rng.randrange(1, 3000),
            *("-1", "0", "1e400", "NaN", "null", "'; --", "\0", "%", "{}", "\u0663", "../.."),
        ]
    )
    return quote(raw, safe="")


async def _fuzz_values(load: Load, http: httpx.AsyncClient, count: int) -> Counter[int]:
    """Send cursors, ids and `Last-Event-ID` that are no longer what was given out; count the answers' statuses."""
    rng = random.Random(34)  # noqa: S311 - a reproducible choice, no secret
    good = _bearer(load.house.token(OCMW).encode())
    feed = (await http.get("/v1/events", params={"pageSize": 1}, headers=good)).json()
    cursor, event = str(feed["cursor"]), str(feed["items"][0]["eventId"])
    body: dict[str, object] = {"url": "http://127.0.0.1:9/nobody"}
    mine = (await load.send(load.wish("/v1/subscriptions", body))).json()["subscriptionId"]
    dossier = load.dossiers[0]
    places = (
        ("/v1/events?after={}", cursor),
        ("/v1/dossiers?after={}", dossier),
        (f"/v1/dossiers/{dossier}/events?after={{}}", "1"),
        (f"/v1/dossiers/{dossier}/events?threadId={{}}", event),
        (f"/v1/subscriptions/{mine}/deliveries?after={{}}", cursor),
        ("/v1/events?pageSize={}", "10"),
        ("/v1/offers?skip={}", "1"),
        ("/v1/dossiers/{}", dossier),
        ("/v1/dossiers/{}/events", dossier),
        (f"/v1/dossiers/{dossier}/events/{{}}", event),
        (f"/v1/dossiers/{dossier}/events/{{}}/receipt", event),
        ("/v1/subscriptions/{}", mine),
        (f"/v1/subscriptions/{mine}/replays/{{}}", mine),
        ("/v1/agreements/{}", dossier),
        ("/v1/offers/{}", dossier),
        ("/v1/checkpoints/{}", "1"),
        ("/v1/organisations/{}", "vdab"),
        ("/v1/refData/{}", "purposes"),
    )
    asked = [
        ("GET", place.format(_junk(rng, value)), [*good, (b"Last-Event-ID", bytes(rng.choices(range(33, 256), k=20)))])
        for place, value in (places[n % len(places)] for n in range(count))
    ]
    answers = await _ask(http, asked)
    for (_, path, _), answer in zip(asked, answers, strict=True):
        assert answer.status_code < 500, f"{answer.status_code} for {path}: {answer.text}"
        if answer.status_code >= 400 and answer.text != "Invalid HTTP request received.":
            assert answer.headers["content-type"] == "application/problem+json", f"{path}: {answer.text}"
    return Counter(answer.status_code for answer in answers)


async def test_34_signature_fuzz(home: House, scorecard: Scorecard) -> None:
    count, values = (50_000, 20_000) if LONG else (1_040, 540)
    row = scorecard(
        34, "Signature fuzz", f"{count} changed bearer tokens on every kind of route; {values} changed ids and cursors"
    )
    api = await home.api()
    async with (
        loading(home, api.url, seed=34) as load,
        httpx.AsyncClient(base_url=api.url, trust_env=False, timeout=30) as http,
    ):
        (dossier,) = await load.open(1)
        good = home.token(OCMW).encode()
        routes = [
            ("GET", "/v1/organisations/vdab"),
            ("GET", "/v1/events"),
            ("GET", f"/v1/dossiers/{dossier}"),
            ("GET", "/v1/inbox/stream"),
            ("GET", "/v1/subscriptions"),
            ("POST", f"/v1/dossiers/{dossier}/events"),
            ("POST", "/v1/dossiers"),
            ("DELETE", f"/v1/subscriptions/{dossier}"),
        ]
        forged: list[bytes] = []
        row.provoke(lambda: forged.extend(Forger(good.decode(), home.place, 34).tokens(count)))
        tasks = [(*routes[n % len(routes)], _bearer(token)) for n, token in enumerate(forged)]
        theirs = home.token(VDAB).encode()
        pairs = [(good, forged[0]), (forged[0], good), (good, theirs), (good, good)] if forged else []
        tasks += [("GET", "/v1/events", _bearer(*pair)) for pair in pairs]
        before = await home.fetchval("SELECT count(*) FROM event")
        untouched = await http.get("/v1/events", headers=_bearer(good))
        answers = await _ask(http, tasks)
        codes = Counter(answer.status_code for answer in answers)
        row.happened(
            untouched.status_code == 200 and len({*forged} - {good}) > count * 3 // 4,
            f"untouched {untouched.status_code}, changed {len({*forged} - {good})}",
        )
        for (method, path, headers), answer in zip(tasks, answers, strict=True):
            assert answer.status_code == 401, f"{answer.status_code} {method} {path} {headers}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await http.get("/v1/events", headers=_bearer(good))).status_code == 200, "the good one counts on"
        assert await home.fetchval("SELECT count(*) FROM event") == before
        junk = await _fuzz_values(load, http, values)
        _calm(api)
        await load.settle()
        found = await audit(home, load)
        found.good()
        row.tried, row.lost = sum(codes.values()) + sum(junk.values()), found.lost
        row.note = (
            f"{codes[401]} forged tokens gave 401 and the untouched one 200; changed ids and cursors gave "
            + ", ".join(f"{number} times {code}" for code, number in sorted(junk.items()))
            + "; no failure in the log"
        )
