"""Own style and script, and htmx from its installed package: read once, served under their hash."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from handover import __version__
from handover.web.ui.words import Language

_KEPT = "public, max-age=31536000, immutable"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that never changes under its address."""

    name: str
    plain: bytes
    packed: bytes
    version: str

    @property
    def href(self) -> str:
        """Where the page finds it."""
        return f"/static/{self.name}?v={self.version}"

    def response(self, request: Request) -> Response:
        """Give the file, packed for who takes it."""
        headers = {"Cache-Control": _KEPT, "Vary": "Accept-Encoding", "ETag": f'"{self.version}"'}
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(self.packed if packed else self.plain, 200, headers, _TYPES[self.name.rpartition(".")[2]])


def _asset(name: str, *files: Traversable, first: str = "") -> Asset:
    """Take a file, or several as one: a page asks for few. `first` stands above them."""
    plain = b"\n".join((first.encode(), *(file.read_bytes() for file in files))).lstrip()
    return Asset(name, plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:12])


_OWN = files("handover.web") / "static"
_HTMX = files("js_lib_htmx") / "static" / "htmx"

_STYLES = ("tokens", "frame", "inbox", "dossier", "forms", "contacts", "team", "settings", "files", "media")
"""In this order: the last, for narrow screens and paper, overrides the others."""
_WORKER = ("sw-offline", "sw-push")
"""The parts of the service worker."""
_SCRIPTS = ("live", "keys", "menu", "once", "parts", "handover", "drafts", "offline", "terms", "print")

ASSETS: dict[str, Asset] = {
    asset.name: asset
    for asset in (
        _asset("app.css", *(_OWN / "css" / f"{name}.css" for name in _STYLES)),
        _asset("app.js", *(_OWN / "js" / f"{name}.js" for name in _SCRIPTS)),
        _asset("icon.svg", _OWN / "icon.svg"),
        _asset("push.js", _OWN / "js" / "push.js"),
        _asset("htmx.js", _HTMX / "htmx.min.js"),
    )
}


async def serve_asset(request: Request) -> Response:
    """Give the file of that name; 404 for another."""
    found = ASSETS.get(request.path_params["name"])
    return found.response(request) if found else Response(status_code=404)


KEPT = (*(f"/offline?lang={language}" for language in Language), *(asset.href for asset in ASSETS.values()))
"""What a browser may keep for when there is no connection: nothing of a client, nor of who is signed in."""


def _worker() -> Asset:
    kept = f"const KEPT = {json.dumps(KEPT)};"
    parts = [_OWN / "js" / f"{name}.js" for name in _WORKER]
    # The offline page changes with its words and its frame, which no address shows: each release keeps it anew.
    version = f'const VERSION = "{__version__}-{_asset("sw.js", *parts, first=kept).version}";'
    return _asset("sw.js", *parts, first=f"{version}\n{kept}")


SERVICE_WORKER = _worker()


async def serve_worker(request: Request) -> Response:
    """Give the service worker: at the top, so that it counts for the whole site, and looked at anew each time.

    What it may do is in the policy that comes with it: ask this site, and nothing else.
    """
    response = SERVICE_WORKER.response(request)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response
