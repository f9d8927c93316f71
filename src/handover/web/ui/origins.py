"""Where a request comes from, and over what."""

from urllib.parse import urlsplit

from starlette.requests import Request

from handover.web.needs import services_of
from handover.web.problems import HttpProblem

SAFE = {"GET", "HEAD", "OPTIONS"}


def is_https(request: Request) -> bool:
    """Tell whether people use this service over https, whatever a proxy makes of it."""
    return services_of(request).settings.base_url.startswith("https://")


def refuse_other_sites(request: Request) -> None:
    """Refuse a form that another site made the browser send (403). SameSite is the first lock, a token the third."""
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    own = site == "same-origin" if site is not None else request.headers.get("origin") in _own_origins(request)
    if not own:
        raise HttpProblem(403, "This form came from another site.")


def _own_origins(request: Request) -> set[str]:
    public = urlsplit(services_of(request).settings.base_url)
    return {f"{public.scheme}://{public.netloc}", f"{request.url.scheme}://{request.headers.get('host', '')}"}
