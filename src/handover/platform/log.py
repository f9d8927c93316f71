"""Logging: one JSON object a line (readable when a person watches), and never a national number in it."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[ssin]"

# Eleven digits, bare or grouped 2-2-2-3-2 with up to two separators between groups (00.00.00-000.00 and what
# people make of it). Identifiers and digests are matched first and kept: their hexadecimal may hold a run.
_GAP = r"(?:%20|[\s._/\-\u00b7\u2010-\u2014]){0,2}"
_SSIN = re.compile(
    r"(?P<keep>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,}\b)"
    rf"|(?<!\d)\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{3}}{_GAP}\d{{2}}(?!\d)",
    re.IGNORECASE,
)
_MAX_DEPTH = 12


def redact_text(text: str) -> str:
    """The text with everything that looks like a national number (SSIN, 11 digits) replaced by `[ssin]`.

    A number with a wrong check digit goes too: a mistyped SSIN still points at a person.
    """
    return _SSIN.sub(lambda found: found["keep"] or REDACTED, text)


def redact(value: object, depth: int = 0) -> object:  # noqa: PLR0911 - one line a type
    """The value with every text in it redacted, at any depth; what is no plain data becomes redacted text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, int):
        text = str(value)
        clean = redact_text(text)
        return value if clean == text else clean
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {redact_text(str(key)): redact(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [redact(inner, depth + 1) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return redact_text(bytes(value).decode("utf-8", "replace"))
    return redact_text(str(value) if isinstance(value, BaseException) else _plain(value))


def _plain(value: object) -> str:
    # UUIDs, datetimes and paths read better as themselves than as their repr.
    return str(value) if type(value).__str__ is not object.__str__ else repr(value)


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact every value of a log entry; the structlog processor just before rendering."""
    return {key: redact(value) for key, value in event.items()}


def configure(level: str = "info", *, stream: TextIO | None = None, pretty: bool | None = None) -> None:
    """Send the whole process's log, structlog's and the standard library's, to `stream` (standard error).

    `pretty` renders for people instead of JSON; left out, it follows whether the stream is a terminal.
    """
    stream = stream or sys.stderr
    pretty = stream.isatty() if pretty is None else pretty
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Each request line would repeat what the access log of the application says better.
    for chatty in ("asyncio", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # What these say at every start is theirs to know; their warnings and errors are ours as well.
    for chatty in ("alembic", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def place_of(error: Exception) -> str:
    """Say where it went wrong, and not in which words: those may hold a client's values."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
