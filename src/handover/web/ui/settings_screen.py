"""One's own settings: language, the daily mail, notices in this browser, and signing out elsewhere."""

from datetime import date, datetime, time, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.delivery.push_subscriptions import PushBrowser, browser_name
from handover.delivery.vapid import public_key
from handover.domain.deadlines import BRUSSELS, roll_forward
from handover.domain.policy import Task, may
from handover.domain.relations import roles_of
from handover.inbox.preferences import FIRST_HOUR, LAST_HOUR, USUAL_HOUR, Preference
from handover.platform.mail_server import is_address
from handover.web.problems import HttpProblem
from handover.web.ui.pages import Page, keep_language
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import held, signed_in
from handover.web.ui.words import Language

router = APIRouter(route_class=Screen)
_HOURS = range(FIRST_HOUR, LAST_HOUR + 1)
_DIGEST_BYTES = 32
_DONE = ("saved", "browser_removed", "push_is_on", "sessions_none")
_MOST_COUNTED = 3


@router.get("/settings")
async def settings_page(request: Request) -> Response:
    """Show what one chose, or what holds by default."""
    page = await _page(request)
    done = request.query_params.get("done", "")
    ended = request.query_params.get("ended", "")
    told = page.t(f"settings.{done}") if done in _DONE else ""
    if ended.isdecimal() and len(ended) <= _MOST_COUNTED:
        told = page.t.count("settings.sessions_ended", int(ended)) if int(ended) else page.t("settings.sessions_none")
    return await _show(page, told=told)


@router.post("/settings")
async def keep_settings(request: Request) -> Response:
    """Keep language and daily mail. The language counts from the next page on, in this browser at once."""
    page = await _page(request)
    form = await request.form()
    language, hour = str(form.get("language", "")), str(form.get("mail_hour", USUAL_HOUR))
    if language not in set(Language) or not hour.isdecimal() or int(hour[:3]) not in _HOURS:
        raise HttpProblem(400, "No such language or hour.")
    wanted = Preference(
        language=language,
        daily_mail="daily_mail" in form and _has_inbox(page) and is_address(_address(page)),
        mail_hour=int(hour),
        mail_from=_first_day(page.dates.now, int(hour)),
    )
    await page.services.preferences.keep(page.own, page.caller.counsellor_id, wanted, at=page.dates.now)
    response = go("/settings?done=saved")
    keep_language(response, Language(language))
    return response


@router.post("/settings/browsers")
async def add_browser(request: Request) -> Response:
    """Show notices in this browser from now on: `endpoint` is what it got from its maker's push service."""
    page = await _page(request)
    if page.services.push_key is None or not _has_inbox(page):
        raise HttpProblem(404, "No pushes are sent here.")
    endpoint = str((await request.form()).get("endpoint", ""))
    added = await page.services.push_subscriptions.add(
        page.own,
        page.caller.counsellor_id,
        endpoint,
        browser_name(request.headers.get("user-agent", "")),
        at=page.dates.now,
    )
    if not added:
        return await _show(page, error=page.t("settings.push_service_refused"), status=400)
    return go("/settings?done=push_is_on")


@router.post("/settings/browsers/remove")
async def remove_browser(request: Request) -> Response:
    """Show none any more in the browser that `digest` names."""
    page = await _page(request)
    try:
        digest = bytes.fromhex(str((await request.form()).get("digest", "")))
    except ValueError:
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise HttpProblem(400, "Not a browser.")
    await page.services.push_subscriptions.remove(page.own, page.caller.counsellor_id, digest)
    return go("/settings?done=browser_removed")


@router.post("/settings/sessions")
async def end_sessions(request: Request) -> Response:
    """Sign out in every other browser."""
    page = await _page(request)
    ended = await page.services.sessions.end_others(page.own, page.caller.counsellor_id, held(request))
    return go(f"/settings?ended={min(ended, 10**_MOST_COUNTED - 1)}")


async def _page(request: Request) -> Page:
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.KEEP_SETTINGS)
    return page


async def _show(page: Page, *, told: str = "", error: str = "", status: int = 200) -> Response:
    services, who = page.services, page.caller.counsellor_id
    kept = await services.preferences.of(page.own, who)
    has_inbox = _has_inbox(page)
    key = services.push_key if has_inbox else None
    browsers: list[PushBrowser] = await services.push_subscriptions.of(page.own, who) if key else []
    address = _address(page)
    coming = kept is not None and kept.daily_mail and kept.mail_from > page.dates.today
    return page.show(
        "settings.html",
        status,
        told=told,
        error=error,
        languages=list(Language),
        chosen=kept.language if kept else page.t.language,
        has_inbox=has_inbox,
        sends_mail=bool(services.settings.smtp_url),
        address=address if is_address(address) else "",
        daily_mail=kept is not None and kept.daily_mail,
        hours=_HOURS,
        hour=kept.mail_hour if kept else USUAL_HOUR,
        first=page.dates.day(kept.mail_from) if kept and coming else "",
        push_key=public_key(key) if key else "",
        browsers=browsers,
    )


def _has_inbox(page: Page) -> bool:
    """Tell whether dossiers can wait for who looks: not for an administrator, or a data protection officer."""
    return may(roles_of(page.caller), Task.READ_INBOX)


def _address(page: Page) -> str:
    counsellor = page.people.directory.counsellor_of(page.own, page.caller.counsellor_id)
    return counsellor.email if counsellor else ""


def _first_day(now: datetime, hour: int) -> date:
    """Give the first day whose mail is still to come: today until its hour."""
    here = now.astimezone(BRUSSELS)
    return roll_forward(here.date() if here.time() < time(hour) else here.date() + timedelta(days=1))
