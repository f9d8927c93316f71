"""Lines 34 to 36: forged tokens, secrets that change, and webhooks that are sent where they may not go."""

import asyncio
import base64
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from tests.faults.audit import audit
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.forging import VISIBLE, Forger
from tests.faults.house import OCMW, VDAB, House, Program, free_port, soon
from tests.faults.load import Load
from tests.faults.receiver import Receiver, raw_server, receiving
from tests.faults.scorecard import LONG
from tests.faults.wire import Ask, ask
from tests.faults.world import FORBIDDEN, LEADING, PUBLIC, REFUSED, SPELLINGS, World, certified, naive, production


def _calm(program: Program) -> None:
    """Fail when the log holds a failure of the program itself: those are errors, with their place in the code."""
    assert "Traceback" not in program.log, program.log[-2000:]
    assert '"level":"error"' not in program.log.replace(" ", ""), program.log[-2000:]


def _bearer(*tokens: bytes) -> list[tuple[bytes, bytes]]:
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


async def _fuzz_values(load: Load, count: int) -> Counter[int]:
    """Send cursors, ids and `Last-Event-ID` that are no longer what was given out; count the answers' statuses."""
    rng = random.Random(34)  # noqa: S311 - a reproducible choice, no secret
    good = _bearer(load.house.token(OCMW).encode())
    feed = (await load.call("GET", "/v1/events?pageSize=1")).json()
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
        Ask(
            "GET",
            place.format(_junk(rng, value)),
            [*good, (b"Last-Event-ID", bytes(rng.choices(VISIBLE, k=20)))],
        )
        for place, value in (places[n % len(places)] for n in range(count))
    ]
    answers = await ask(load.urls[0], asked)
    for one, answer in zip(asked, answers, strict=True):
        assert answer.status < 500, f"{answer.status} for {one}: {answer.body!r}"
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json", f"{one}: {answer.body!r}"
    return Counter(answer.status for answer in answers)


async def test_34_signature_fuzz(home: House, scorecard: Scorecard) -> None:
    count, values = (50_000, 20_000) if LONG else (2_080, 720)
    row = scorecard(
        34, "Signature fuzz", f"{count} changed bearer tokens on every kind of route; {values} changed ids and cursors"
    )
    api = await home.api()
    async with loading(home, api.url, seed=34) as load:
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
        asks = [Ask(*routes[n % len(routes)], _bearer(token)) for n, token in enumerate(forged)]
        theirs = home.token(VDAB).encode()
        pairs = [(good, forged[0]), (forged[0], good), (good, theirs), (good, good)] if forged else []
        asks += [Ask("GET", "/v1/events", _bearer(*pair)) for pair in pairs]
        before = await home.fetchval("SELECT count(*) FROM event")
        untouched = Ask("GET", "/v1/events", _bearer(good))
        first, *answers, last = await ask(api.url, [untouched, *asks, untouched])
        assert first.status == last.status == 200, "the good one counts, before and after"
        different = len({*forged} - {good})
        row.happened(different > count // 2, f"{different} tokens differ from the good one")
        for one, answer in zip(asks, answers, strict=True):
            assert answer.status == 401, f"{answer.status} for {one}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert await home.fetchval("SELECT count(*) FROM event") == before
        junk = await _fuzz_values(load, values)
        _calm(api)
        await load.settle()
        found = await audit(home, load)
        found.good()
        row.tried, row.lost = len(asks) + values, found.lost
        row.note = (
            f"{len(asks)} forged tokens, {different} of them different, gave 401 and the untouched one 200; "
            "changed ids and cursors gave "
            + ", ".join(f"{number} times {code}" for code, number in sorted(junk.items()))
            + "; no failure in the log"
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """By which of a subscriber's secrets and public keys a webhook was signed, counted from the oldest."""

    id: str
    path: str
    secrets: frozenset[int]
    publics: frozenset[int]


@dataclass
class Reader(Receiver):
    """A receiver that also writes down who signed."""

    publics: dict[str, list[str]] = field(default_factory=dict)
    signed: list[Signed] = field(default_factory=list)

    def _verified(self, path: str, raw: bytes, headers: dict[str, str]) -> bool:
        name, stamp = headers["webhook-id"], int(headers["webhook-timestamp"])
        given, at = headers["webhook-signature"].split(" "), datetime.fromtimestamp(stamp, UTC)
        content = f"{name}.{stamp}.".encode() + raw
        secrets = [Webhook(secret).sign(name, at, raw.decode()) in given for secret in self.secrets[path]]
        publics = [any(_holds(public, one, content) for one in given) for public in self.publics[path]]
        self.signed.append(Signed(name, path, _true(secrets), _true(publics)))
        return super()._verified(path, raw, headers)

    def by(self, ids: Sequence[str]) -> Counter[tuple[frozenset[int], frozenset[int]]]:
        """Count who signed those webhooks."""
        wanted = set(ids)
        return Counter((one.secrets, one.publics) for one in self.signed if one.id in wanted)


def _true(found: Sequence[bool]) -> frozenset[int]:
    return frozenset(n for n, holds in enumerate(found) if holds)


def _holds(public: str, given: str, content: bytes) -> bool:
    version, _, text = given.partition(",")
    if version != "v1a":
        return False
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    try:
        key.verify(base64.b64decode(text), content)
    except InvalidSignature:
        return False
    return True


async def _rotate(load: Load, reader: Reader, subscriptions: dict[str, str]) -> None:
    """Give each organisation a new secret, which its receiver knows from the answer on."""
    for organisation, subscription in subscriptions.items():
        wish = load.wish(f"/v1/subscriptions/{subscription}/rotateSecret", {}, organisation)
        answer = await load.send(wish)
        assert answer.status_code == 200, answer.text
        reader.secrets[organisation].append(answer.json()["secret"])
        reader.publics[organisation].append(answer.json()["publicKey"])


async def test_35_rotation_mid_traffic(home: House, scorecard: Scorecard) -> None:
    rotations, steps = (10, 600) if LONG else (2, 80)
    row = scorecard(
        35, "Secrets rotated in mid-traffic", f"{rotations} rotations of two subscriptions while 8 writers are at work"
    )
    api, worker = await asyncio.gather(home.api(), home.worker())
    async with receiving(of=Reader()) as reader, loading(home, api.url, seed=35) as load:
        assert isinstance(reader, Reader)
        subscriptions = await subscribe(load, reader)
        for organisation, subscription in subscriptions.items():
            shown = await load.call("GET", f"/v1/subscriptions/{subscription}", organisation=organisation)
            reader.publics[organisation] = [shown.json()["publicKey"]]
        await load.open(8)
        running = asyncio.create_task(load.run(steps, writers=8, pace=0.01))
        for n in range(rotations):
            await soon(lambda due=load.tried + 10: load.tried >= due or running.done())  # type: ignore[misc]
            assert n or not running.done(), "nothing was on its way"
            await row.provoking(partial(_rotate, load, reader, subscriptions))
        await running
        during = await load.each(load.dossiers)
        await home.delivered()
        everyone, newest = frozenset(range(rotations + 1)), frozenset({rotations})
        first = sum(one.secrets == {0} for one in reader.signed)
        row.happened(reader.by(during).keys() == {(everyone, everyone)}, f"signed in the overlap: {reader.by(during)}")
        row.happened(first, "no webhook was signed by the first secret alone")

        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
        reader.skew = lambda: timedelta(hours=25).total_seconds()
        await home.worker(HANDOVER_CLOCK_OFFSET="PT25H")
        after = await load.each(load.dossiers)
        await home.delivered()
        assert reader.by(after).keys() == {(newest, newest)}, f"signed after the overlap: {reader.by(after)}"
        assert not reader.refused, f"{reader.refused} webhooks fitted no secret that the receiver had"
        assert all(one.secrets and one.publics for one in reader.signed)
        await load.settle()
        found = await audit(home, load, reader.of(OCMW, VDAB))
        found.good()
        row.tried, row.lost, row.duplicates = len(reader.signed), found.lost, found.duplicates
        row.note = (
            f"{len(reader.signed)} webhooks, all of which verified: {first} by the first secret alone, "
            f"{2 * len(during)} in the overlap by every one of {rotations + 1}, {2 * len(after)} after 25 hours by the "
            "newest alone; shared secrets and ed25519 alike"
        )


_EACH_TRIED = """
SELECT NOT EXISTS (SELECT FROM subscription s WHERE NOT EXISTS (
    SELECT FROM delivery d WHERE d.subscription_id = s.subscription_id
    AND (d.state <> 'pending' OR coalesce(d.last_error, '') <> '')
))
"""


async def _all_refused(load: Load, port: int) -> None:
    for url in FORBIDDEN:
        answer = await load.send(load.wish("/v1/subscriptions", {"url": url.format(port=port)}))
        assert answer.status_code == 400, f"{url}: {answer.text}"
        (issue,) = answer.json()["issues"]
        assert issue["name"] == "url"
        assert "ask whoever runs" not in issue["detail"], f"{url} was refused for not being on the list only"


async def test_36_ssrf_rebinding_redirect(home: House, scorecard: Scorecard) -> None:
    row = scorecard(
        36,
        "Webhooks to where they may not go",
        "production settings: addresses of every forbidden kind, names that lead to them, a name that leads to a "
        "public address and then to loopback, redirects to loopback",
    )
    redirects, turns, world = (301, 302, 303, 307, 308), 20 if LONG else 4, World()
    rebinding = [[PUBLIC], ["127.0.0.1"]] * turns
    names = {name: [addresses] for name, addresses in LEADING.items()} | {
        "redirect.example": [[PUBLIC]],
        "rebind.example": rebinding,
    }
    async with raw_server(world.count) as port, raw_server(world.answer, certified(home.place, names)) as outside:
        world.protected_port, script = port, home.place / "world.json"
        script.write_text(json.dumps({"names": names, "world": {PUBLIC: outside}}), "utf-8")
        settings, argv = production(home), (sys.executable, "-m", "tests.faults.resolving", str(script))
        listed = " ".join(f"--allow {host}" for host in ("*.example", "localhost", *SPELLINGS))
        allowed = await home.start(f"hosts {OCMW} {listed}", settings)
        assert await allowed.ended() == 0, allowed.log
        api, worker = await asyncio.gather(
            home.api(port=free_port(), ready=True, argv=argv, **settings), home.worker(argv=argv, **settings)
        )
        async with loading(home, api.url, seed=36) as load:
            await naive(port)
            assert await soon(lambda: world.protected == len(SPELLINGS)), "the protected service is not reachable"
            world.protected = 0
            await _all_refused(load, port)

            async def subscribed(name: str, path: object = "") -> str:
                answer = await load.send(load.wish("/v1/subscriptions", {"url": f"https://{name}:{port}/{path}"}))
                assert answer.status_code == 201, answer.text
                return f"/v1/subscriptions/{answer.json()['subscriptionId']}/test"

            async def probed(test: str) -> tuple[object, ...]:
                said = (await load.call("POST", test)).json()
                return said["delivered"], said.get("status"), said.get("error")

            leading = [await subscribed(name) for name in LEADING]
            said = [await probed(test) for test in leading]
            assert said == [(False, None, REFUSED)] * len(LEADING), said
            led_on = [await subscribed("redirect.example", code) for code in redirects]
            said = [await probed(test) for test in led_on]
            assert said == [(False, code, f"HTTP {code}") for code in redirects], said
            rebound = await subscribed("rebind.example")
            said = []
            for _ in range(2 * turns):
                await row.provoking(lambda: _kept(said, probed(rebound)))
            asked = Counter(script.with_name("world.json.asked").read_text("utf-8").splitlines())
            row.happened(
                asked[f"rebind.example {PUBLIC}"] == asked["rebind.example 127.0.0.1"] == turns,
                f"the name led to {asked}",
            )
            assert said == [(True, 204, None), (False, None, REFUSED)] * turns, said
            assert world.requests == [*map(str, redirects), *[""] * turns]

            await load.open(1, referred=False)
            await home.until(_EACH_TRIED, seconds=30)
            errors = Counter(row["last_error"] for row in await home.pool.fetch("SELECT last_error FROM delivery"))
            assert errors[REFUSED] >= len(LEADING), errors
            assert all(errors[f"HTTP {code}"] for code in redirects), errors
            _calm(api)
            _calm(worker)
            assert world.protected == 0, f"{world.protected} connections reached the protected service"
            await load.settle()
            found = await audit(home, load)
            found.good()
            row.tried, row.lost = len(FORBIDDEN) + sum(asked.values()), found.lost
            row.note = (
                f"{len(FORBIDDEN)} addresses refused when given; {len(LEADING)} names, {len(redirects)} redirects and "
                f"a name that changed {2 * turns - 1} times led nowhere; the protected service, reachable under "
                f"{len(SPELLINGS)} spellings, saw no connection"
            )


async def _kept(said: list[tuple[object, ...]], probing: Awaitable[tuple[object, ...]]) -> None:
    said.append(await probing)
