"""One rich world for the screens: a small population beside a few dossiers in the states that it does not reach.

`views` lists every page and state, and who sees it; `forms` every form that somebody may fill in now.
"""

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from benchmarks.population.filling import populate
from benchmarks.population.places import Size
from playwright.async_api import Locator, Page
from tests.adapters.files.sheets import CLIENTS, STEPS, client, step, workbook_of
from tests.instance import Instance, number

from handover.cli.seed_offers import seed_offers
from handover.domain.allowed import allowed
from handover.domain.dossier import Dossier, fold
from handover.domain.events import Event
from handover.domain.parties import Actor, Caller, Counsellor
from handover.domain.policy import Role
from handover.record import codec
from handover.record.directory import save_counsellor
from handover.record.sealing import KEY_OF
from handover.web.ui.session import COOKIE

SIZE = Size(dossiers=160, organisations=4, counsellors=50, models=80)
OCMW, VDAB, PARTNER, OTHER = "ocmw-lindedal", "vdab", "partner-igo", "ocmw-waterhoek"
COORDINATOR = f"{OCMW}.coordinator"
NEWCOMER = f"{OCMW}.trajectbegeleider-99"
"""Somebody of another team who has nothing yet: an empty inbox, and colleagues' dossiers ask for a reason."""
_STATES = f"""
SELECT d.dossier_id, {KEY_OF.format("d")} AS keys,
       ARRAY(SELECT e.body FROM event e WHERE e.dossier_id = d.dossier_id ORDER BY e.sequence) AS bodies
FROM dossier d ORDER BY d.dossier_id
"""  # noqa: S608 - a constant
_NEWS = """
SELECT c.counsellor_id, count(*) AS dossiers
FROM inbox_dossier i CROSS JOIN LATERAL unnest(i.counsellors) AS c (counsellor_id)
LEFT JOIN inbox_seen s USING (organisation_id, counsellor_id, dossier_id)
WHERE i.organisation_id = $1 AND i.foreign_sequence > coalesce(s.sequence, 0) GROUP BY 1
"""
Act = Callable[[Page], Awaitable[None]]
_clients = itertools.count(60)


@dataclass(frozen=True, slots=True)
class View:
    """A page in a state: its address, who opens it, and what they do there first."""

    name: str
    who: str
    address: str
    status: int = 200
    act: Act | None = None
    sheet: str = "forms"
    """Which tour it belongs to: every page is on "pages", one of many forms on "forms"."""
    by_script: bool = False
    """A state that scripts bring about; without them there is no such state."""


@dataclass
class World:
    """The instance with what is in it."""

    instance: Instance
    histories: list[tuple[Dossier, list[Event]]]
    views: list[View] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    async def cookie(self, who: str) -> dict[str, str]:
        """Give the cookie of somebody who is signed in."""
        if who not in self.secrets:
            roles = {Role.COUNSELLOR, Role.COORDINATOR} if who.endswith(".coordinator") else {Role.COUNSELLOR}
            self.secrets[who] = await self.instance.worker.sessions.begin(who.partition(".")[0], who, roles)
        return {"name": COOKIE, "value": self.secrets[who], "url": self.instance.base_url}


async def make(instance: Instance) -> World:
    """Fill the instance and list what is to be seen."""
    worker = instance.worker
    await populate(worker, SIZE)
    await seed_offers(worker)
    newcomer = Counsellor(
        counsellor_id=NEWCOMER, organisation_id=OCMW, name="Trajectbegeleider Lindedal 99", team="Elders"
    )
    await save_counsellor(worker.pool, newcomer)
    await worker.refresh_directory()
    await instance.services.refresh_directory()
    merged = await _merged(instance)
    histories = []
    for row in await worker.pool.fetch(_STATES):
        key = worker.sealer.dossier(row["dossier_id"], row["keys"])
        events = [codec.decode_event(body) for body in codec.open_events(key, row["bodies"], first=1)]
        dossier = fold(events)
        assert dossier
        histories.append((dossier, events))
    world = World(instance, histories)
    ocmw, vdab = await _busiest(world, OCMW), await _busiest(world, VDAB)
    world.views = [*_pages(world, merged, ocmw, vdab), *_forms(world)]
    return world


async def _merged(instance: Instance) -> str:
    """Give a dossier that went on in another one."""
    party = instance.party(OCMW, "trajectbegeleider-1")
    old = await party.open(ssin=number(1), familyName="Tweemaal")
    new = await party.open(ssin=number(2), familyName="Tweemaal")
    answer = await party.post(f"/v1/dossiers/{old}/merge", {"into": new})
    assert answer.status_code in {200, 201}, answer.text
    return old


async def _busiest(world: World, organisation: str) -> str:
    """Give the counsellor of an organisation who works with most clients, among those who have news."""
    open_now = Counter(dossier.counsellor_of(organisation) for dossier, _ in world.histories if dossier.open_threads)
    found = await world.instance.pool.fetch(_NEWS, organisation)
    with_news: dict[str, int] = {row["counsellor_id"]: row["dossiers"] for row in found}
    return max(with_news, key=lambda who: (with_news[who] > 1, open_now[who], who))


def _dossiers_of(world: World, who: str) -> list[tuple[Dossier, list[Event]]]:
    """Give somebody's dossiers, the longest history first."""
    organisation = who.partition(".")[0]
    own = [h for h in world.histories if h[0].counsellor_of(organisation) == who and not h[0].merged_into]
    return sorted(own, key=lambda h: (-len(h[1]), h[0].dossier_id))


def _caller(world: World, who: str) -> Caller:
    directory = world.instance.worker.directory_now()
    counsellor = directory.counsellors[who]
    return Caller(
        organisation=directory.organisations[counsellor.organisation_id],
        actor=Actor(name=counsellor.name, counsellor_id=who),
    )


async def _sent(page: Page, form: Locator) -> None:
    """Send a form, and wait for what comes of it: another page, or another part of this one."""
    async with page.expect_response(lambda response: response.request.method == "POST"):
        await form.locator("button[type=submit]:not([name]), button:not([type])").first.click()
    await page.wait_for_timeout(200)
    await page.wait_for_load_state()


def submitted(form: str, **fills: str) -> Act:
    """Send a form with only this filled in."""

    async def act(page: Page) -> None:
        found = page.locator(form).first
        for name, value in fills.items():
            await found.locator(f"[name='{name}']").first.fill(value)
        await _sent(page, found)

    return act


async def _unfolded(page: Page) -> None:
    """Open all that can be opened on the page."""
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")


async def _in_place(page: Page) -> None:
    """Open the form of a step in its place, and send it empty where something is required."""
    await page.locator(".next a[hx-get]").first.click()
    part = page.locator(".step-part").first
    await part.wait_for()
    if await part.get_by_text("(verplicht)").count():
        await _sent(page, part.locator("form"))


async def _keys(page: Page) -> None:
    """Ask for the shortcuts."""
    await page.locator("[data-keys-open]").click()
    await page.locator("#keys[open]").wait_for()


async def _looked_through(page: Page) -> None:
    """Choose a list of which some rows cannot come along, and see what it would do; each time with other people."""
    first, second, third, fourth = itertools.islice(_clients, 4)
    clients = [client(first), client(second)]
    spoiled = [client(third, Geboortedatum="vorig jaar"), client(fourth, Medewerker="iemand met een lange naam")]
    titles = [*CLIENTS, "Gsm-nummer"]
    steps = [step(n) for n in (first, third)]
    book = workbook_of({"Cliënten": [titles, *clients, *spoiled], "Stappen": [STEPS, *steps]})
    await page.set_input_files("#f-file", {"name": "lijst.xlsx", "mimeType": "application/zip", "buffer": book})
    await _sent(page, page.locator("form[action='/files']"))
    await page.locator(".file-rows").first.wait_for()


async def _brought_in(page: Page) -> None:
    """The same, and bring in what can come along."""
    await _looked_through(page)
    await _sent(page, page.locator("form[action='/files/bring']"))
    await page.locator(".notice.good").wait_for()


async def _cut_off(page: Page) -> None:
    """Lose the connection, when nothing is under way that would say that it is there."""
    await page.wait_for_timeout(500)
    await page.context.set_offline(True)
    try:
        await page.locator("#offline").wait_for(state="visible")
    finally:
        await page.context.set_offline(False)


async def _previewed(page: Page) -> None:
    """Fill in a referral and ask what the other will read."""
    form = page.locator("form[action$='warm-handover']")
    await form.locator("select[name='purpose']").select_option("guidanceToWork")
    wish = "Ik wil graag in een magazijn werken, tijdens de schooluren."
    await form.locator("[name='summary']").fill("Heeft een heftruckattest, spreekt goed Nederlands, zoekt opvang.")
    await form.locator("[name='clientWish']").fill(wish)
    await form.locator("button[name='preview']").click()
    await page.locator("#preview", has_text=wish).wait_for()


def _pages(world: World, merged: str, ocmw: str, vdab: str) -> list[View]:
    mine = _dossiers_of(world, ocmw)
    rich = max((d for d, _ in mine if not d.closed), key=lambda d: (len(d.open_threads), d.version))
    closed = next((d for d, _ in _everyone(world, OCMW) if d.closed), rich)
    partner = next(d for d, _ in world.histories if d.inscription_of(PARTNER) and not d.closed)
    theirs = _dossiers_of(world, vdab)[0][0]
    confidential = next(
        d
        for d, events in world.histories
        if d.inscription_of(VDAB) and any("health" in e.data.__struct_fields__ for e in events)
    )
    agreement = next(iter(world.instance.worker.directory_now().agreements)).agreement_id
    dossier = f"/dossiers/{rich.dossier_id}"
    of_partner = partner.inscription_of(PARTNER)
    assert of_partner
    pages = [
        View("sign in", "", "/sign-in"),
        View("sign in, one organisation", "", f"/sign-in?organisation={OCMW}"),
        View("sign in again", "", "/sign-in?expired=1"),
        View("inbox, full", ocmw, "/"),
        View("inbox of VDAB", vdab, "/"),
        View("inbox, empty", NEWCOMER, "/"),
        View("inbox of the team", ocmw, "/?whose=team"),
        View("inbox, filtered", ocmw, "/?late=1&kind=handover"),
        View("dossiers", ocmw, "/dossiers"),
        View("dossiers, found", ocmw, "/dossiers", act=submitted("form[action='/dossiers']", q="voorbeeld")),
        View("dossiers, none found", ocmw, "/dossiers", act=submitted("form[action='/dossiers']", q="niemand")),
        View("dossiers, too short", ocmw, "/dossiers", act=submitted("form[action='/dossiers']", q="x")),
        View("open a dossier", ocmw, "/dossiers/new"),
        View("open a dossier, errors", ocmw, "/dossiers/new", act=submitted("form[action='/dossiers/new']")),
        View("dossier", ocmw, dossier),
        View("dossier, just saved", ocmw, f"{dossier}?done=handover.requested"),
        View("dossier, older steps", ocmw, f"/dossiers/{mine[0][0].dossier_id}?before=20"),
        View("dossier of VDAB", vdab, f"/dossiers/{theirs.dossier_id}"),
        View("dossier, withheld", VDAB + ".coordinator", f"/dossiers/{confidential.dossier_id}"),
        View("dossier of a partner", f"{PARTNER}.coordinator", f"/dossiers/{partner.dossier_id}"),
        View("dossier, closed", closed.counsellor_of(OCMW) or COORDINATOR, f"/dossiers/{closed.dossier_id}"),
        View("dossier, merged", f"{OCMW}.trajectbegeleider-1", f"/dossiers/{merged}"),
        View("dossier, a reason first", NEWCOMER, dossier, 403),
        View(
            "dossier, a reason too short", NEWCOMER, dossier, 403, submitted("form[action$='break-glass']", reason="x")
        ),
        View("dossier, who read it", ocmw, f"{dossier}/access"),
        View("dossier, deliveries", ocmw, f"{dossier}/deliveries"),
        View("warm handover", ocmw, f"{_referable(world, ocmw)}/warm-handover"),
        View("warm handover, preview", ocmw, f"{_referable(world, ocmw)}/warm-handover", act=_previewed),
        View(
            "warm handover, errors",
            ocmw,
            f"{_referable(world, ocmw)}/warm-handover",
            act=submitted("form[action$='warm-handover']"),
        ),
        View("a step, errors", ocmw, f"{dossier}/steps/question.asked", act=submitted("form.form")),
        View("a step that cannot be taken", ocmw, f"{dossier}/steps/handover.accepted", 409),
        View("agreements", COORDINATOR, "/agreements"),
        View("agreement, to change", COORDINATOR, f"/agreements/{agreement}"),
        View("agreement, to read", ocmw, f"/agreements/{agreement}"),
        View("offers", ocmw, "/offers"),
        View("offer, new", f"{VDAB}.coordinator", "/offers/new"),
        View("offer, errors", f"{VDAB}.coordinator", "/offers/new", act=submitted("form[action^='/offers']")),
        View("settings", ocmw, "/settings"),
        View("team", COORDINATOR, "/team"),
        View("team of VDAB", f"{VDAB}.coordinator", "/team"),
        View("team, one person", COORDINATOR, f"/team/{ocmw}"),
        View("inbox, all unfolded", ocmw, "/", act=_unfolded),
        View("inbox, a step in its place", ocmw, "/", act=_in_place, by_script=True),
        View("inbox, the shortcuts", ocmw, "/", act=_keys, by_script=True),
        View("inbox, no connection", ocmw, "/", act=_cut_off, by_script=True),
        View("dossier, all unfolded", ocmw, dossier, act=_unfolded),
        View("offers, all unfolded", ocmw, "/offers", act=_unfolded),
        View("team, all unfolded", COORDINATOR, "/team", act=_unfolded),
        View("files", ocmw, "/files"),
        View("files, nothing chosen", ocmw, "/files", act=submitted("form[action='/files']")),
        View("files, looked through", ocmw, "/files", act=_looked_through),
        View("files, brought in", COORDINATOR, "/files", act=_brought_in),
        View("files, of the team", COORDINATOR, "/files"),
        View("glossary", ocmw, "/glossary"),
        View("no connection", "", "/offline"),
        View("not found", ocmw, "/dossiers/no-id", 404),
        View("not for you", ocmw, "/team", 403),
    ]
    return [replace(view, sheet="pages") for view in pages]


def _everyone(world: World, organisation: str) -> list[tuple[Dossier, list[Event]]]:
    return [h for h in world.histories if h[0].inscription_of(organisation)]


def _referable(world: World, who: str) -> str:
    """Give the address of a dossier that may be referred now."""
    worker, caller = world.instance.worker, _caller(world, who)
    for dossier, _ in _dossiers_of(world, who):
        if ("handover.requested", None) in allowed(dossier, caller, worker.directory_now(), at=worker.clock.now()):
            return f"/dossiers/{dossier.dossier_id}"
    raise AssertionError("somebody can be referred")


def _forms(world: World) -> list[View]:
    """Every form that may be filled in somewhere: of each event type the first, and of each state it follows."""
    worker = world.instance.worker
    found: dict[tuple[str, str], View] = {}
    for organisation in (OCMW, VDAB, PARTNER):
        for dossier, _ in _everyone(world, organisation):
            who = dossier.counsellor_of(organisation) or f"{organisation}.coordinator"
            for kind, thread_id in allowed(dossier, _caller(world, who), worker.directory_now(), at=worker.clock.now()):
                at = _place(dossier, thread_id)
                found.setdefault((kind, at), View(f"{kind} {at}".strip(), who, _form(dossier, kind, thread_id)))
    return list(found.values())


def _place(dossier: Dossier, thread_id: UUID | None) -> str:
    return f"in {dossier.threads[thread_id].status}" if thread_id else ""


def _form(dossier: Dossier, kind: str, thread_id: UUID | None) -> str:
    return f"/dossiers/{dossier.dossier_id}/steps/{kind}" + (f"?thread={thread_id}" if thread_id else "")
