"""The daily mail as it is written: a subject, plain text and simple HTML, in the language of who gets it.

It is given figures and nothing else, so there is nothing of a client that it could say.
"""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import jinja2

from handover.inbox.daily_mail import Compose
from handover.inbox.summaries import Claimed, Summary
from handover.platform.clock import Clock
from handover.web.ui.words import WORDS, Language, Words

_FOLDER = Path(__file__).parent / "templates"
_HTML = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Of letters any server takes, whatever it says it can.
_POLICY = SMTP.clone(cte_type="7bit")
_TEXT = _HTML.overlay(autoescape=False)


def composer(base_url: str, clock: Clock) -> Compose:
    """Give what writes a mail whose links lead to `base_url`."""
    host = urlsplit(base_url).hostname or "localhost"

    def compose(one: Claimed) -> EmailMessage:
        t = WORDS[Language(one.language) if one.language in set(Language) else Language.NL]
        subject, more = lines(t, one.summary)
        context = {"t": t, "language": t.language, "subject": subject, "more": more, "base_url": base_url}
        message = EmailMessage(policy=_POLICY)
        message["Subject"] = subject
        message["Date"] = format_datetime(clock.now())
        # The same for the same day: a mail that had to be sent twice is seen once.
        who = f"{one.organisation}\n{one.counsellor_id}\n{one.day}"
        message["Message-ID"] = f"<{hashlib.sha256(who.encode()).hexdigest()[:40]}@{host}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{base_url}/settings>"
        message.set_content(_TEXT.get_template("mail.txt").render(context))
        message.add_alternative(_HTML.get_template("mail.html").render(context), subtype="html")
        # Last: what is added moves such headers into the first part.
        message["Content-Language"] = str(t.language)
        return message

    return compose


def lines(t: Words, summary: Summary) -> tuple[str, list[str]]:
    """Give what there is to say: the first line, and what comes under it."""
    if not summary.waiting:
        return str(t.count("notice.news", summary.news)) if summary.news else str(t("notice.nothing")), []
    more = [str(t.count("notice.late", summary.late))] if summary.late else []
    more += [str(t.count("notice.news_besides", summary.news))] if summary.news else []
    return str(t.count("notice.waiting", summary.waiting)), more
