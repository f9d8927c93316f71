"""The counsellor's screens: server-rendered pages that work without JavaScript and are livelier with it."""

from fastapi import APIRouter, FastAPI

from handover.web.ui import (
    access_screen,
    agreements_screen,
    break_glass_screen,
    deliveries_screen,
    dossier_screen,
    files_screen,
    glossary,
    handover_screen,
    inbox_screen,
    list_screen,
    notice_screen,
    offers_screen,
    offline_screen,
    opening_screen,
    settings_screen,
    sign_in_elsewhere,
    signing,
    step_screen,
    team_screen,
)
from handover.web.ui.assets import serve_asset, serve_worker
from handover.web.ui.screens import error_page

__all__ = ["error_page", "mount", "router"]

router = APIRouter(include_in_schema=False)
# "/dossiers/new" must be tried before "/dossiers/{dossier_id}".
for _screen in (
    signing,
    sign_in_elsewhere,
    inbox_screen,
    list_screen,
    opening_screen,
    dossier_screen,
    access_screen,
    deliveries_screen,
    step_screen,
    handover_screen,
    break_glass_screen,
    agreements_screen,
    offers_screen,
    offline_screen,
    glossary,
    team_screen,
    settings_screen,
    notice_screen,
    files_screen,
):
    router.include_router(_screen.router)
router.include_router(sign_in_elsewhere.back_channel)


def mount(app: FastAPI) -> None:
    """Add the screens, their style and scripts to the application."""
    app.include_router(router)
    app.add_route("/static/{name}", serve_asset, methods=["GET"], include_in_schema=False)
    app.add_route("/sw.js", serve_worker, methods=["GET"], include_in_schema=False)
