"""What every answer has in common: trace ids, a bounded body, problem documents for what goes wrong, figures.

One plain ASGI layer, because each further one costs every request.
"""

import time
import traceback
from collections.abc import Mapping
from functools import cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handover.platform.ids import new_id
from handover.platform.log import redact_text
from handover.web.problems import HttpProblem, problem_of

_log = structlog.stdlib.get_logger("handover.web")
_REQUESTS = Counter("handover_http_requests_total", "Answers by route and status", ["route", "status"])
_SECONDS = Histogram(
    "handover_http_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_SERVER_ERROR = 500


class BodyTooLarge(HttpProblem):
    """The body is larger than this service takes."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"The body is larger than {most} bytes. Send less, or documents by reference.")


class Frame:
    """Wraps the application; see the module."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._most = most_bytes
        self._larger = larger or {}
        """Paths that take more than that, and how much."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        trace = str(new_id()).encode()
        scope["trace_id"] = trace
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_SECURITY,
                    (b"belgov-trace-id", trace),
                    *related(scope),
                ]
            await send(message)

        try:
            await self._app(scope, self._bounded(scope, receive), answer)
        except Exception as error:
            if status:
                raise
            problem = problem_of(error)
            if problem.status >= _SERVER_ERROR:
                _log.error(
                    "failed",
                    trace=trace.decode(),
                    error=type(error).__name__,
                    where=_frames(error) if problem.status == _SERVER_ERROR else None,
                )
            await problem.response(trace.decode())(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            count, seconds = _figures(route, status)
            count.inc()
            seconds.observe(time.perf_counter() - started)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        most = self._larger.get(scope["path"], self._most)
        if declared.isdigit() and int(declared) > most:

            async def refuse() -> Message:
                raise BodyTooLarge(most)

            return refuse
        if declared.isdigit():
            return receive
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise BodyTooLarge(most)
            return message

        return counted


@cache
def _figures(route: str, status: int) -> tuple[Counter, Histogram]:
    """Give what to count in; finding it by label every time costs as much as counting."""
    return _REQUESTS.labels(route, str(status)), _SECONDS.labels(route)


def _frames(error: Exception) -> list[str]:
    """Where it went wrong, without the message: that may hold what the caller sent."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def related(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Repeat the caller's own trace id, where it has the form of one and not that of a national number."""
    given = next((v for k, v in scope["headers"] if k == b"belgov-trace-id"), b"")
    fits = 0 < len(given) <= 64 and given.replace(b"-", b"").isalnum()  # noqa: PLR2004 - longer than any id
    if not fits or redact_text(given.decode("ascii")) != given.decode("ascii"):
        return []
    return [(b"belgov-related-trace-id", given)]
