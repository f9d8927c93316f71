"""Scorecard 38: every route by role, relation to the dossier and organisation, over real HTTP, against a table by hand.

The table below says what must come back; it knows nothing of `domain/policy.py`. A route that is not in it fails.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from handover.domain.parties import Counsellor
from handover.platform.embedded import EmbeddedPostgres
from handover.platform.ids import new_id
from handover.record.directory import save_counsellor
from tests.conftest import fresh
from tests.instance import OPENING, Instance, number, running
from tests.web.support import NOBODY

ROLES = {
    "counsellor": ["counsellor"],
    "coordinator": ["coordinator"],
    "integration": [],
    "dataProtectionOfficer": ["dataProtectionOfficer"],
    "administrator": ["administrator"],
    "unknown": ["janitor"],
}
RELATIONS = ("assigned", "inscribed", "brokenGlass", "former", "outside", "unknown", "elsewhere")
"""`unknown`: no such dossier; `elsewhere`: the `assigned` dossier, asked for by another organisation."""
OWN, OTHER = "ocmw-lindedal", "ocmw-waterhoek"
WHO = f"{OWN}.elders"

_NONE = "404 404 404 404 404 404 404"
_READ = {
    "counsellor": "200 403 200 404 404 404 404",
    "coordinator": "200 200 200 404 404 404 404",
    "integration": "200 200 200 404 404 404 404",
    "dataProtectionOfficer": _NONE,
    "administrator": _NONE,
    "unknown": _NONE,
}
_READ_EVENT = _READ | {
    "counsellor": "200 403 200 200 404 404 404",
    "coordinator": "200 200 200 200 404 404 404",
    "integration": "200 200 200 200 404 404 404",
}

_NO_REFERRAL = {role: row.replace("200", "400") for role, row in _READ.items()}
"""Who may read it is told that the step asked for is no referral."""


def _write(allowed: int) -> dict[str, str]:
    return _READ | {
        "counsellor": f"{allowed} 403 403 404 404 404 404",
        "coordinator": f"{allowed} {allowed} {allowed} 404 404 404 404",
        "integration": f"{allowed} {allowed} {allowed} 404 404 404 404",
    }


# What is allowed and cannot succeed as it is asked here (an empty form, a dossier merged into itself) is a 400.
ON_A_DOSSIER = {
    "GET /v1/dossiers/{dossierId}": _READ,
    "GET /v1/dossiers/{dossierId}/threads": _READ,
    "GET /v1/dossiers/{dossierId}/events": _READ,
    "GET /v1/dossiers/{dossierId}/events/{eventId}": _READ_EVENT,
    "GET /v1/dossiers/{dossierId}/events/{eventId}/receipt": _READ_EVENT,
    "GET /v1/dossiers/{dossierId}/events/{eventId}/toeleiding": _NO_REFERRAL,
    "GET /v1/dossiers/{dossierId}/accessLog": _READ | {"dataProtectionOfficer": "200 200 200 404 404 404 404"},
    "POST /v1/dossiers/{dossierId}/events": _write(201),
    "POST /v1/dossiers/{dossierId}/numberReplacement": _write(200),
    "POST /v1/dossiers/{dossierId}/merge": _write(400),
    "GET /dossiers/{dossier_id}": _READ,
    "GET /dossiers/{dossier_id}/access": _READ | {"dataProtectionOfficer": "200 200 200 404 404 404 404"},
    "GET /dossiers/{dossier_id}/deliveries": _READ,
    "GET /dossiers/{dossier_id}/news": _READ | {"counsellor": "200 200 200 404 404 404 404"},
    "GET /dossiers/{dossier_id}/steps/{event_type}": _write(200),
    "POST /dossiers/{dossier_id}/steps/{event_type}": _write(400),
    "GET /dossiers/{dossier_id}/warm-handover": _write(200),
    "POST /dossiers/{dossier_id}/warm-handover": _write(400),
    "POST /dossiers/{dossier_id}/break-glass": _READ
    | {
        "counsellor": "400 400 400 404 404 404 404",
        "coordinator": "400 400 400 404 404 404 404",
    },
    # Last: what it opens stays open.
    "POST /v1/dossiers/{dossierId}/breakGlass": _READ
    | {
        "counsellor": "201 201 201 404 404 404 404",
        "coordinator": "201 201 201 404 404 404 404",
        "integration": "403 403 403 404 404 404 404",
    },
}
_ORDER = ("counsellor", "coordinator", "integration", "dataProtectionOfficer", "administrator", "unknown")
# Without a dossier: by role, in that order. 400: allowed, with an empty body or form; 404: allowed, nothing there.
ELSEWHERE = {
    "GET /v1/dossiers": "200 200 200 403 403 403",
    "POST /v1/dossiers": "400 400 400 403 403 403",
    "POST /v1/dossiers/search": "400 400 400 403 403 403",
    "POST /v1/identifications/search": "400 400 400 403 403 403",
    "GET /v1/events": "200 200 200 403 403 403",
    "GET /v1/events/stream": "200 200 200 403 403 403",
    "GET /v1/inbox": "200 200 200 403 403 403",
    "GET /v1/inbox/stream": "200 200 200 403 403 403",
    "POST /v1/inbox/seen": "400 400 400 403 403 403",
    "GET /v1/breakGlass": "403 403 403 200 403 403",
    "GET /v1/accessLog": "403 403 403 200 403 403",
    "GET /v1/accessLog/signals": "403 403 403 200 403 403",
    "GET /v1/subscriptions": "403 200 200 403 200 403",
    "POST /v1/subscriptions": "403 400 400 403 400 403",
    "GET /v1/subscriptions/{subscriptionId}": "403 404 404 403 404 403",
    "PATCH /v1/subscriptions/{subscriptionId}": "403 404 404 403 404 403",
    "DELETE /v1/subscriptions/{subscriptionId}": "403 404 404 403 404 403",
    "POST /v1/subscriptions/{subscriptionId}/test": "403 404 404 403 404 403",
    "POST /v1/subscriptions/{subscriptionId}/rotateSecret": "403 404 404 403 404 403",
    "GET /v1/subscriptions/{subscriptionId}/deliveries": "403 404 404 403 404 403",
    "POST /v1/subscriptions/{subscriptionId}/resend": "403 400 400 403 400 403",
    "POST /v1/subscriptions/{subscriptionId}/skip": "403 400 400 403 400 403",
    "POST /v1/subscriptions/{subscriptionId}/replay": "403 400 400 403 400 403",
    "GET /v1/subscriptions/{subscriptionId}/replays": "403 404 404 403 404 403",
    "GET /v1/subscriptions/{subscriptionId}/replays/{replayId}": "403 404 404 403 404 403",
    "GET /v1/agreements": "200 200 200 200 200 403",
    "POST /v1/agreements": "400 400 400 403 403 403",
    "GET /v1/agreements/{agreementId}": "404 404 404 404 404 403",
    "PUT /v1/agreements/{agreementId}": "400 400 400 403 403 403",
    "GET /v1/offers": "200 200 200 200 200 403",
    "POST /v1/offers": "400 400 400 403 403 403",
    "GET /v1/offers/{offerId}": "404 404 404 404 404 403",
    "PUT /v1/offers/{offerId}": "400 400 400 403 403 403",
    "DELETE /v1/offers/{offerId}": "404 404 404 403 403 403",
    "GET /v1/checkpoints/latest": "200 200 200 200 200 403",
    "GET /v1/checkpoints/{size}": "404 404 404 404 404 403",
    "GET /v1/checkpoints/{size}/growth": "404 404 404 404 404 403",
    "GET /v1/refData": "200 200 200 200 200 403",
    "GET /v1/refData/{codeList}": "200 200 200 200 200 403",
    "GET /v1/refData/answerTimes": "200 200 200 200 200 403",
    "GET /v1/refData/eventTypes": "200 200 200 200 200 403",
    "GET /v1/refData/legalBases": "200 200 200 200 200 403",
    "GET /v1/refData/trainingGuide": "200 200 200 200 200 403",
    "GET /v1/organisations": "200 200 200 200 200 403",
    "GET /v1/organisations/{organisationId}": "200 200 200 200 200 403",
    "GET /v1/organisations/{organisationId}/counsellors": "200 200 200 200 200 403",
    "GET /v1/organisations/{organisationId}/counsellors/{counsellorId}": "200 200 200 200 200 403",
    "GET /": "200 200 - 403 403 403",
    "GET /inbox/list": "200 200 - 403 403 403",
    "GET /inbox/stream": "200 200 - 403 403 403",
    "POST /inbox/seen": "400 400 - 403 403 403",
    "GET /dossiers": "200 200 - 403 403 403",
    "POST /dossiers": "400 400 - 403 403 403",
    "GET /dossiers/new": "200 200 - 403 403 403",
    "POST /dossiers/new": "400 400 - 403 403 403",
    "GET /agreements": "200 200 - 200 200 403",
    "GET /agreements/{agreement_id}": "404 404 - 404 404 403",
    "POST /agreements/{agreement_id}": "404 404 - 403 403 403",
    "GET /team": "403 200 - 403 403 403",
    "GET /team/{who}": "403 404 - 403 403 403",
    "POST /team/{who}": "403 404 - 403 403 403",
    "POST /team/{who}/choice": "403 404 - 403 403 403",
    "GET /offers": "200 200 - 200 200 403",
    "GET /offers/new": "200 200 - 403 403 403",
    "GET /offers/{offer_id}": "404 404 - 403 403 403",
    "POST /offers/{offer_id}": "404 404 - 403 403 403",
    "GET /files": "200 200 - 403 403 403",
    "POST /files": "400 400 - 403 403 403",
    "POST /files/bring": "400 400 - 403 403 403",
    "POST /files/errors": "400 400 - 403 403 403",
    "GET /files/template/{name}": "404 404 - 403 403 403",
    "GET /files/steps.csv": "200 200 - 403 403 403",
    "GET /files/steps.xlsx": "200 200 - 403 403 403",
    "GET /inbox/count": "200 200 - 403 403 403",
    "GET /settings": "200 200 - 200 200 403",
    "POST /settings": "400 400 - 400 400 403",
    "POST /settings/browsers": "400 400 - 404 404 403",
    "POST /settings/browsers/remove": "400 400 - 400 400 403",
    "POST /settings/sessions": "303 303 - 303 303 403",
}
_ASKED_BY_SCRIPTS = {"GET /inbox/stream", "GET /inbox/count"}
# For anyone: nothing of a client is there. Signing in and out has tests of its own.
PUBLIC = {
    "GET /health",
    "GET /v1/context.jsonld",
    "GET /v1/profile",
    # Whoever signs is its organisation's software; a token opens nothing there (tests/web/test_inbound.py).
    "POST /v1/inbound/vdab",
    "GET /metrics",
    "GET /doc",
    "GET /doc/asyncapi.json",
    "GET /doc/openapi.json",
    "GET /static/{name}",
    "GET /sw.js",
    "GET /offline",
    "GET /glossary",
    "GET /sign-in",
    "POST /sign-in",
    "POST /sign-out",
    "GET /sign-in/start",
    "GET /sign-in/callback",
    "POST /sign-out/back-channel",
}
_NAMES = {
    "size": "999999",
    "codeList": "rejectionReasons",
    "organisationId": "vdab",
    "counsellorId": "vdab.coordinator",
    "event_type": "dossier.benefitStated",
}
_BENEFIT = {"type": "dossier.benefitStated", "data": {"benefit": "livingWage", "since": "2026-01-05"}}
_numbers = iter(range(100, 990))


@dataclass
class World:
    """A running instance with one dossier for each relation, and an event that is seen in each."""

    instance: Instance
    dossiers: dict[str, str]
    events: dict[str, str]

    def token(self, role: str, organisation: str = OWN) -> str:
        """Give a token for someone of an organisation in a role; for `integration` an application's."""
        who = "" if role == "integration" else "elders" if organisation == OWN else "coordinator"
        return self.instance.party(organisation, who, roles=tuple(ROLES[role])).token

    async def session(self, role: str, organisation: str = OWN) -> tuple[str, str]:
        """Sign somebody in; give the cookie and a form token."""
        sessions = self.instance.services.sessions
        counsellor = WHO if organisation == OWN else f"{organisation}.coordinator"
        secret = await sessions.begin(organisation, counsellor, ROLES[role])
        found = await sessions.find(secret)
        assert found is not None
        return secret, found.form_token()


@pytest.fixture(scope="module")
async def world(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The dossiers: opened, assigned, closed to us, opened with a reason, or of others."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("matrix"), work=False) as instance:
            yield await _made(instance)


async def _made(instance: Instance) -> World:
    services = instance.services
    await save_counsellor(
        instance.pool, Counsellor(counsellor_id=WHO, organisation_id=OWN, name="Elders", team="Andere ploeg")
    )
    await services.refresh_directory()
    ours, theirs = instance.party(OWN), instance.party(OTHER)
    found: dict[str, str] = {"unknown": NOBODY}
    for relation in ("assigned", "inscribed", "brokenGlass", "former"):
        found[relation] = await ours.open(ssin=number(next(_numbers)))
        who = WHO if relation in {"assigned", "former"} else f"{OWN}.trajectbegeleider-1"
        await ours.step(found[relation], "dossier.counsellorAssigned", {"counsellor": who})
    ssin = number(next(_numbers))
    found["outside"] = await theirs.open(ssin=ssin)
    found["elsewhere"] = found["assigned"]
    events = {}
    for relation in ("assigned", "inscribed", "brokenGlass", "former"):
        answer = await ours.get(f"/v1/dossiers/{found[relation]}/events")
        events[relation] = answer.json()["items"][0]["eventId"]
    events["outside"] = (await theirs.get(f"/v1/dossiers/{found['outside']}/events")).json()["items"][0]["eventId"]
    events |= {"unknown": NOBODY, "elsewhere": events["assigned"]}
    await ours.step(found["former"], "dossier.inscriptionClosed", {"organisation": OWN, "why": "verhuisd"})
    await instance.worker.log.seal(instance.worker.clock.now())
    made = World(instance, found, events)
    opened = await _ask(made, "POST /v1/dossiers/{dossierId}/breakGlass", "counsellor", "brokenGlass")
    assert opened == 201
    return made


async def test_every_route_is_in_the_table(world: World) -> None:
    app = _app(world.instance)
    routes = {f"{method} {path}" for path, methods in app for method in methods if method != "HEAD"}
    assert len(routes) > 80
    assert routes == set(ON_A_DOSSIER) | set(ELSEWHERE) | PUBLIC


Cell = tuple[str, str, str, int]
"""Route, role ("": nobody), relation, and the status that must come back."""


def _cells() -> Iterator[Cell]:
    for route, expected in ON_A_DOSSIER.items():
        for role, row in expected.items():
            if role == "integration" and "/v1/" not in route:
                continue  # software does not sign in
            yield from ((route, role, kind, int(n)) for kind, n in zip(RELATIONS, row.split(), strict=True))
    for route, row in ELSEWHERE.items():
        yield from ((route, role, "unknown", int(n)) for role, n in zip(_ORDER, row.split(), strict=True) if n != "-")
    for route in (*ON_A_DOSSIER, *ELSEWHERE):
        yield route, "", "assigned", 401 if "/v1/" in route or route in _ASKED_BY_SCRIPTS else 303


async def test_every_cell(world: World) -> None:
    cells, wrong = 0, []
    for route, role, relation, status in _cells():
        cells += 1
        got = await _ask(world, route, role, relation)
        if got != status:
            wrong.append(f"{route} as {role or 'nobody'}, {relation}: {got}, not {status}")
    print(f"\npolicy matrix: {cells} cells, {len(wrong)} wrong")  # noqa: T201 - the figure is wanted
    assert wrong == []
    assert cells > 1000


async def _ask(world: World, route: str, role: str, relation: str) -> int:
    """Ask as a role (""; nobody) about the dossier of a relation; give the status."""
    method, _, path = route.partition(" ")
    names = _NAMES | {
        "dossierId": world.dossiers[relation],
        "dossier_id": world.dossiers[relation],
        "eventId": world.events[relation],
    }
    parts = [names.get(p.strip("{}"), NOBODY) if p.startswith("{") else p for p in path.split("/")]
    address = "/".join(parts) + ("?since=1" if path.endswith("growth") else "")
    organisation = OTHER if relation == "elsewhere" else OWN
    if path.startswith("/v1/"):
        headers = {"Idempotency-Key": str(new_id())}
        headers |= {"Authorization": f"Bearer {world.token(role, organisation)}"} if role else {}
        body = _body(route, world.dossiers[relation])
        return await _status(world, method, address, headers=headers, json=body)
    secret, form = await world.session(role, organisation) if role else ("", "")
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"Cookie": f"handover={secret}"} if secret else {})
    return await _status(world, method, address, headers=headers, data={"csrf": form} if method == "POST" else None)


async def _status(world: World, method: str, address: str, **options: Any) -> int:  # noqa: ANN401 - httpx's options
    if method == "GET":
        options.pop("json", None)
        options.pop("data", None)
    async with world.instance.http.stream(method, address, **options) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code
        await answer.aread()
        _says_nothing(answer)
        return answer.status_code


def _says_nothing(answer: httpx.Response) -> None:
    """Whoever is turned away learns nothing of the client."""
    if answer.status_code in {401, 403, 404}:
        for told in (OPENING["familyName"] + "<", OPENING["givenName"], "livingWage"):
            assert told not in answer.text


def _body(route: str, dossier_id: str) -> object:
    match route.rpartition("/")[2]:
        case "events":
            return _BENEFIT
        case "numberReplacement":
            return {"ssin": number(next(_numbers)), "replacedOn": "2026-11-02"}
        case "merge":
            return {"into": dossier_id}
        case "breakGlass":
            return {"reason": "Mijn collega is ziek"}
        case "{subscriptionId}":
            return {"status": "paused"}
        case _:
            return {}


def _app(instance: Instance) -> Iterator[tuple[str, set[str]]]:
    from handover.web.app import create_app  # noqa: PLC0415 - only to read its routes

    return _routes(create_app(instance.services).routes)


def _routes(routes: Any) -> Iterator[tuple[str, set[str]]]:  # noqa: ANN401 - Starlette's and FastAPI's routes
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes)
        else:
            yield route.path, set(route.methods or ())
