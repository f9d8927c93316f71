"""What the API refuses, as an exception: what happened, what to do next, and what was wrong with the input."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from handover.client.answers import Issue
from handover.client.answers import Problem as Document

OWN = "urn:problem-type:handover:"
BELGIF = "urn:problem-type:belgif:"


class Problem(Exception):  # noqa: N818 - an answer, not a fault
    """A problem document (RFC 9457). `type` says which problem it is; `detail` is a sentence for a person.

    `issues` say what was wrong with the input, one each. Quote `instance` when you ask the service's operator about it.
    """

    def __init__(self, document: Document, retry_after: float | None = None) -> None:
        self.document = document
        self.retry_after = retry_after
        """Seconds to wait before trying again, where the service said so."""
        places = "".join(f"\n  {issue.where} {issue.name or ''}: {issue.detail}" for issue in document.issues)
        super().__init__(f"{document.status} {document.title}: {document.detail}{places}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.document.status

    @property
    def type(self) -> str:
        """Which problem, such as `urn:problem-type:belgif:badRequest`."""
        return self.document.type

    @property
    def name(self) -> str:
        """The last word of `type`: `badRequest`, `staleVersion`."""
        return self.document.type.rpartition(":")[2]

    @property
    def title(self) -> str:
        """The kind of problem in words."""
        return self.document.title

    @property
    def detail(self) -> str:
        """What happened and what to do next."""
        return self.document.detail

    @property
    def instance(self) -> str:
        """This one occurrence, as the service's log knows it."""
        return self.document.instance

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was wrong with the input."""
        return self.document.issues

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """The scopes that the token misses."""
        return self.document.required_scopes


def problem_of(answer: httpx.Response) -> Problem:
    """Give the problem that an answer is, also where something on the way answered with a page of its own."""
    try:
        document = msgspec.json.decode(answer.content, type=Document)
    except msgspec.DecodeError:
        document = Document(
            type="about:blank",
            href="",
            title=answer.reason_phrase or "No success",
            status=answer.status_code,
            detail="What answered did not say why; it may not be the service.",
            instance="",
        )
    return Problem(document, _seconds(answer.headers.get("retry-after", "")))


def _seconds(text: str) -> float | None:
    """Read Retry-After: seconds, or a moment (RFC 9110, 10.2.3)."""
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
