"""Every page, state and form: wide and narrow, light and dark, with and without JavaScript; axe finds nothing.

Nothing may scroll sideways, complain on the console or ask other hosts; each page has one heading of the first level
and one main part, a language, names for all that can be worked, ids that are its own, targets that can be hit.
"""

import asyncio
import contextlib
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, CDPSession, Page
from tests.conftest import fresh
from tests.instance import running
from tests.web.ui.axe import violations
from tests.web.ui.world import View, World, make

from handover.platform.embedded import EmbeddedPostgres

_AT_ONCE, _HANDFUL = 2, 25
_LOOK = """
() => {
  const shown = e => e.checkVisibility && e.checkVisibility();
  const named = e => (e.labels && e.labels.length) || e.textContent.trim() || e.getAttribute('aria-label')
      || e.getAttribute('aria-labelledby') || e.title;
  const target = e => e.closest('label.choice') || e;
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return {
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: document.querySelectorAll('h1').length,
    mains: document.querySelectorAll('main').length,
    language: document.documentElement.lang,
    scheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
    title: document.title,
    nameless: [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
        .filter(e => !named(e)).map(e => e.outerHTML.slice(0, 200)),
    double: ids.filter((id, i) => ids.indexOf(id) !== i),
    small: [...document.querySelectorAll('button, select, input:not([type=hidden]), summary, a.button, nav a')]
        .filter(shown).map(e => [e.outerHTML.slice(0, 200), target(e).getBoundingClientRect()])
        .filter(([, box]) => box.height < 20 || (box.height < 24 && box.width < 24)).map(([text]) => text),
    styled: [...document.querySelectorAll('[style]')].map(e => e.outerHTML.slice(0, 200)),
  };
}
"""
_BROKEN = """
<!doctype html><html><head><title></title></head><body><h3>Kop</h3><img src="data:,"><input>
<noscript><p>Zonder script</p></noscript>
<p style="color:#aaa;background:#fff">grijs</p><a href="#x"></a><div role="button">x</div></body></html>
"""
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_COMBINATIONS = list(itertools.product((1280, 390), (True, False)))
_OF_FORMS = [(1280, True), (390, False)]


@dataclass
class Tour:
    """What was looked at, and all that was wrong."""

    looked: int = 0
    wrong: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)

    def note(self, where: str, what: str) -> None:
        self.wrong.append(f"{where}: {what}")


@pytest.fixture(scope="module")
async def world(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("world"), pool_size=8) as instance:
            yield await make(instance)


@pytest.mark.parametrize(("width", "scripts"), _COMBINATIONS)
async def test_every_page(browser: Browser, world: World, width: int, scripts: bool) -> None:  # noqa: FBT001
    views = [view for view in world.views if view.sheet == "pages" and (scripts or not view.by_script)]
    await _toured(browser, world, views, width=width, scripts=scripts)


@pytest.mark.parametrize(("width", "scripts"), _OF_FORMS)
async def test_every_form(browser: Browser, world: World, width: int, scripts: bool) -> None:  # noqa: FBT001
    views = [view for view in world.views if view.sheet == "forms"]
    assert len({view.name.partition(" ")[0] for view in views}) > 50, "most event types have a form to be seen"
    await _toured(browser, world, views, width=width, scripts=scripts)


@pytest.mark.parametrize("scripts", [True, False])
async def test_axe_would_find_what_is_wrong(browser: Browser, scripts: bool) -> None:  # noqa: FBT001
    context = await browser.new_context()
    page = await context.new_page()
    seat = Seat(page, await context.new_cdp_session(page))
    await seat.let_run(scripts=scripts)
    await page.goto(f"data:text/html,{quote(_BROKEN)}")
    assert await page.locator("noscript p").count() == (0 if scripts else 1), "as somebody without scripts reads it"
    await seat.let_run(scripts=True)
    found = {violation.rule for violation in await violations(page)}
    assert {"image-alt", "label", "color-contrast", "html-has-lang", "document-title"} <= found
    await context.close()


async def _toured(browser: Browser, world: World, views: Sequence[View], *, width: int, scripts: bool) -> None:
    tour, waiting = Tour(), iter(_by_person(views))

    async def walk() -> None:
        for some in waiting:
            async with _seat(browser, world, some[0].who, width) as seat:
                for view in some:
                    await _look(seat, view, tour, width, scripts=scripts)

    await asyncio.gather(*(walk() for _ in range(_AT_ONCE)))
    found = ", ".join(f"{rule} {count}" for rule, count in tour.rules.most_common()) or "none"
    sys.stdout.write(
        f"\n{tour.looked} pages at {width} px, {'/'.join(_SCHEMES)}, {'with' if scripts else 'without'} JavaScript; "
        f"violations that axe found: {found}\n"
    )
    assert tour.looked == len(views)
    assert not tour.wrong, "\n".join(tour.wrong)


def _by_person(views: Sequence[View]) -> Iterator[list[View]]:
    """Give what one person looks at, a handful at a time: a browser is not started for each page."""
    ordered = sorted(views, key=lambda view: view.who)
    for _, own in itertools.groupby(ordered, key=lambda view: view.who):
        rest = list(own)
        yield from (rest[first : first + _HANDFUL] for first in range(0, len(rest), _HANDFUL))


@dataclass
class Seat:
    """Somebody at a browser, and what it complained of."""

    page: Page
    session: CDPSession
    heard: list[str] = field(default_factory=list)

    async def let_run(self, *, scripts: bool) -> None:
        """Let the scripts of pages run or not. What stands in `noscript` is read when a page comes, and stays."""
        await self.session.send("Emulation.setScriptExecutionDisabled", {"value": not scripts})


@contextlib.asynccontextmanager
async def _seat(browser: Browser, world: World, who: str, width: int) -> AsyncIterator[Seat]:
    context = await browser.new_context(
        base_url=world.instance.base_url,
        locale="nl-BE",
        timezone_id="Europe/Brussels",
        viewport={"width": width, "height": 844},
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    if who:
        await context.add_cookies([await world.cookie(who)])  # type: ignore[list-item]
    page = await context.new_page()
    seat = Seat(page, await context.new_cdp_session(page))
    page.on("console", lambda m: seat.heard.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seat.heard.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(world.instance.base_url) else seat.heard.append(r.url))
    yield seat
    await context.close()


async def _look(seat: Seat, view: View, tour: Tour, width: int, *, scripts: bool) -> None:
    page = seat.page
    seat.heard.clear()
    try:
        await seat.let_run(scripts=scripts)
        answer = await page.goto(view.address)
        assert answer
        if answer.status != view.status:
            tour.note(view.name, f"{view.address} answered {answer.status}, not {view.status}")
        if view.act:
            await view.act(page)
        if not scripts:
            assert await page.evaluate("typeof window.htmx") == "undefined", "a script ran"
            await seat.let_run(scripts=True)  # axe is one
        for scheme in _SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await _judge(page, view, tour, width, scheme)
        # A browser itself says on the console that a page was not found; that is the state that is looked at.
        expected = ("status of 4", "ERR_INTERNET_DISCONNECTED")
        tour.wrong += [f"{view.name}: {said}" for said in seat.heard if not any(text in said for text in expected)]
    except Exception as error:  # noqa: BLE001 - the tour goes on; all that is wrong is told at its end
        tour.note(view.name, f"{type(error).__name__}: {error}")
    tour.looked += 1


async def _judge(page: Page, view: View, tour: Tour, width: int, scheme: str) -> None:
    how = f"at {width} px, {scheme}"
    seen = await page.evaluate(_LOOK)
    for what, fine in {
        "wide": seen["wide"] <= 0,
        "headings": seen["headings"] == 1,
        "mains": seen["mains"] == 1,
        "language": seen["language"] == "nl",
        "scheme": seen["scheme"] == scheme,
        "title": bool(seen["title"].strip()),
        **{name: not seen[name] for name in ("nameless", "double", "small", "styled")},
    }.items():
        if not fine:
            tour.note(view.name, f"{what} {how}: {seen[what]}")
    for violation in await violations(page):
        tour.rules[violation.rule] += 1
        tour.note(view.name, f"axe {how}: {violation}")
