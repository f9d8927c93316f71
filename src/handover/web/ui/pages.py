"""Writing a page: language, who looks, words and dates in templates, and the headers that keep it safe."""

import gzip
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from handover.access.guard import Visit
from handover.domain.parties import Caller
from handover.domain.policy import Classes, Task, may
from handover.domain.relations import roles_of
from handover.platform.settings import Mode
from handover.web.needs import Services, services_of
from handover.web.ui.assets import ASSETS
from handover.web.ui.dates import Dates
from handover.web.ui.people import People
from handover.web.ui.session import FORM_FIELD
from handover.web.ui.words import WORDS, Language, Words
from handover.web.visits import visit_of

LANGUAGE_COOKIE = "handover_language"
_YEAR_SECONDS = 31_536_000
_WORTH_PACKING = 1024

HSTS = f"max-age={_YEAR_SECONDS}; includeSubDomains"

HEADERS = {
    "Cache-Control": "no-store, max-age=0",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Of every answer; a page has a wider policy of its own (`_policy`)."""

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page:
    """One visit: what a screen needs to know to write itself."""

    def __init__(self, request: Request, caller: Caller | None = None) -> None:
        self.request = request
        self.services: Services = services_of(request)
        self.asked = request.query_params.get("lang", "")
        self.t: Words = WORDS[_language(request)]
        # Before anything of the page is read: what changes from here on, its stream tells.
        self._mark = self.services.broadcast.mark
        self.dates = Dates(self.t, self.services.clock.now())
        self.people = People(self.services.directory_now(), self.t)
        self._caller: Caller | None = caller or getattr(request.state, "caller", None)
        self.granted: Classes = frozenset()
        self.may_post = False
        """What the policy grants of the dossier that this page shows: field classes, and taking steps."""

    @property
    def caller(self) -> Caller:
        """Who looks; only on pages for who is signed in."""
        if self._caller is None:
            message = "this page is for who is signed in"
            raise RuntimeError(message)
        return self._caller

    @property
    def own(self) -> str:
        """The organisation of who looks."""
        return self.caller.organisation.organisation_id

    @property
    def visit(self) -> Visit:
        """This request as the access log notes it."""
        return visit_of(self.request, self.caller)

    def _in_each_language(self) -> dict[Language, str]:
        """Give the address of this same page in each language."""
        rest = [(name, value) for name, value in self.request.query_params.multi_items() if name != "lang"]
        return {language: f"?{urlencode([*rest, ('lang', str(language))])}" for language in Language}

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for a part of the page only: not when it puts all of `main` anew."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-target") != "main"

    def _form_token(self) -> Markup:
        """Give the hidden field that proves a form to be of this session; nothing where nobody is signed in."""
        (session,) = getattr(self.request.state, "session", None) or (None,)
        field = Markup('<input type="hidden" name="{}" value="{}">')
        return field.format(FORM_FIELD, session.form_token()) if session else Markup()

    def show(self, template: str, status: int = 200, **context: object) -> Response:
        """Give the page."""
        nonce = secrets.token_urlsafe(18)
        shared: Mapping[str, Any] = {
            "nonce": nonce,
            "csrf": self._form_token(),
            "t": self.t,
            "dates": self.dates,
            "people": self.people,
            "language": self.t.language,
            "caller": self._caller,
            "may_divide": self._caller is not None and may(roles_of(self._caller), Task.READ_LOAD),
            "may_open": self._caller is not None and may(roles_of(self._caller), Task.OPEN_DOSSIER),
            "assets": ASSETS,
            "demonstration": self.services.settings.mode is Mode.DEMONSTRATION,
            "here": self.request.url.path,
            "mark": self._mark,
            "switch": self._in_each_language() if self.request.method == "GET" else {},
        }
        body = TEMPLATES.get_template(template).render({**shared, **context}).encode()
        headers = {
            **HEADERS,
            "Content-Security-Policy": _policy(nonce),
            "Content-Language": str(self.t.language),
            "Vary": "Accept-Encoding",
        }
        if len(body) > _WORTH_PACKING and "gzip" in self.request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 5)
            headers["Content-Encoding"] = "gzip"
        response = Response(body, status, headers, "text/html; charset=utf-8")
        if self.asked in set(Language):
            keep_language(response, Language(self.asked))
        return response


def keep_language(response: Response, language: Language) -> None:
    """Let this browser keep a language that was chosen."""
    response.set_cookie(LANGUAGE_COOKIE, str(language), max_age=_YEAR_SECONDS, samesite="lax", httponly=True)


def _policy(nonce: str) -> str:
    """Let a page run only the scripts that carry its nonce, and send forms and questions only home."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _language(request: Request) -> Language:
    """What was chosen, else what was chosen before, else what the browser prefers, else Dutch."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in set(Language):
            return Language(wanted)
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in set(Language):
            return Language(tag)
    return Language.NL
