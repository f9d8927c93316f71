"""Without a connection: the page that a browser keeps, and shows when another cannot come (`js/sw-offline.js`)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen

router = APIRouter(route_class=Screen)


@router.get("/offline")
async def offline_page(request: Request) -> Response:
    """Say that there is no connection, and that what was typed is not lost; the same for everyone."""
    return Page(request).show("offline.html")
