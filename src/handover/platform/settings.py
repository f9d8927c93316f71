"""Settings: read once from the environment (`HANDOVER_*`), never changed afterwards."""

import importlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic_settings
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from handover.platform.clock import parse_offset
from handover.platform.keys import (
    Keys,
    decode_key,
    decode_versions,
    demonstration_keys,
    demonstration_push_key,
    keys_from,
    read_key_file,
)
from handover.platform.mail_server import MailServer, is_address
from handover.platform.sign_in import SignIn

PREFIX = "HANDOVER_"
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Where the four known makers of browsers take pushes."""
_HOW_TO_MAKE_A_KEY = "make one with `openssl rand -base64 32`"


class SettingsError(Exception):
    """The settings do not allow a start; `problems` holds one sentence for each thing to mend."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["These settings do not allow a start:", *(f"- {line}" for line in problems)]))


class Mode(StrEnum):
    """What an instance is for: a demonstration on this machine alone, or production with real people."""

    DEMONSTRATION = "demonstration"
    PRODUCTION = "production"


class Issuer(BaseModel):
    """An identity provider whose tokens count, with its keys from a file or from an address (RFC 7517)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    jwks_file: Path | None = None
    jwks_url: str | None = None
    require_cnf: bool = False
    """Whether only tokens count that are bound to a client certificate (RFC 8705)."""

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("each issuer needs either jwksFile or jwksUrl")
        return self


def _offset(value: object) -> object:
    return parse_offset(value) if isinstance(value, str) else value


class Settings(pydantic_settings.BaseSettings):
    """Everything that steers an instance; the variable of `port` is `HANDOVER_PORT`, and so on."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    mode: Mode = Field(default=Mode.DEMONSTRATION, description="demonstration or production")
    host: str = Field(default="127.0.0.1", description="address the server listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="port the server listens on")
    public_url: str = Field(default="", description="address people use; empty: from host and port")
    data_dir: Path = Field(default=Path("var"), description="directory for embedded database and keys")
    database_url: str = Field(
        default="", repr=False, description="PostgreSQL 15 or later (postgresql://...); empty: embedded"
    )
    owner_url: str = Field(
        default="", repr=False, description="the same for who owns the tables, to migrate; empty: as database_url"
    )
    pool_size: int = Field(default=12, ge=1, le=500, description="database connections of an API process")
    worker_pool_size: int = Field(default=6, ge=1, le=500, description="database connections of a worker")
    worker_poll_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="longest wait of a worker that missed its wake-up"
    )
    worker_metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="port of a worker's own figures, as Prometheus asks; 0: none",
    )
    max_body_bytes: int = Field(default=262_144, ge=1024, description="largest request body, in bytes")
    issuers: tuple[Issuer, ...] = Field(default=(), description="JSON list of {issuer, audience, jwksFile or jwksUrl}")
    ssin_key: str = Field(
        default="", repr=False, description="base64 of 32 bytes, or versions of it (2:...,1:...): lookup of SSINs"
    )
    seal_key: str = Field(
        default="", repr=False, description="base64 of 32 bytes, or versions of it: wraps the keys of dossiers"
    )
    log_key: str = Field(default="", repr=False, description="base64 of 32 bytes: signing checkpoints of the log")
    keys_file: Path | None = Field(
        default=None, description="JSON file with ssinKey, sealKey and logKey, instead of the three settings"
    )
    keys_provider: str = Field(
        default="", description="`package.module:function` that gives those three texts, instead of either"
    )
    checkpoint_seconds: float = Field(
        default=60.0, gt=0, le=86_400, description="how often a checkpoint of what is new is signed and sent"
    )
    sign_in: SignIn | None = Field(
        default=None, repr=False, description="JSON {issuer, clientId, clientSecret or privateKeyFile, ...}: OpenID"
    )
    session_idle_minutes: float = Field(default=30.0, gt=0, le=1440, description="when an unused session ends")
    session_hours: float = Field(default=10.0, gt=0, le=24, description="when any session ends")
    access_log_years: int = Field(
        default=10, ge=1, le=30, description="how long lines of the access log and break-glass are kept"
    )
    client_certificate_header: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]*$",
        description="header with the client's certificate, set by your proxy alone",
    )
    client_requests_per_second: int = Field(
        default=1000, ge=0, description="requests of one client (application or counsellor); 0: no limit"
    )
    organisation_requests_per_second: int = Field(
        default=3000, ge=0, description="requests of one organisation; 0: no limit"
    )
    refusals_per_minute: int = Field(
        default=3000, ge=0, description="requests from one address that are not let in (401); 0: no limit"
    )
    smtp_url: str = Field(
        default="", repr=False, description="mail server, smtp+starttls://user:secret@host:587; empty: no mail is sent"
    )
    smtp_ca_file: Path | None = Field(default=None, description="PEM file of who vouches for it; empty: the system's")
    mail_from: str = Field(default="", description="address that mail comes from; required with a mail server")
    push_key: str = Field(
        default="", repr=False, description="base64 of 32 bytes: signs web pushes; empty: none are sent in production"
    )
    push_hosts: tuple[str, ...] = Field(
        default=PUSH_HOSTS, description="JSON list of the push services that browsers may name"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    clock_offset: Annotated[timedelta, BeforeValidator(_offset)] = Field(
        default=timedelta(0), description="seconds or duration the clock is moved; demonstration only"
    )

    @property
    def base_url(self) -> str:
        """The address people and partners use, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    def keys(self) -> Keys:
        """The secrets of this instance; a demonstration without its own gets them made in `data_dir`.

        Raises SettingsError when one is missing or malformed.
        """
        problems = _key_problems(self)
        if problems:
            raise SettingsError(problems)
        try:
            return keys_from(source) if (source := self._key_source()) else demonstration_keys(self.data_dir)
        except (ValueError, OSError, ImportError, AttributeError) as error:
            raise SettingsError([f"{error}." if isinstance(error, ValueError) else str(error)]) from None

    def push_signing_key(self) -> bytes | None:
        """The key that signs web pushes; None where there is none, and so no push. A demonstration makes its own."""
        if self.push_key:
            return decode_key(self.push_key)
        return demonstration_push_key(self.data_dir) if self.mode is Mode.DEMONSTRATION else None

    def _key_source(self) -> Callable[[], Mapping[str, str]] | None:
        """Where keys come from; None for a demonstration that makes its own."""
        if self.keys_provider:
            module, _, name = self.keys_provider.partition(":")
            provider: Callable[[], Mapping[str, str]] = getattr(importlib.import_module(module), name)
            return provider
        if self.keys_file:
            return partial(read_key_file, self.keys_file)
        if self.ssin_key:
            given = {"ssinKey": self.ssin_key, "sealKey": self.seal_key, "logKey": self.log_key}
            return lambda: given
        return None


def load() -> Settings:
    """Read and check the settings of this process; SettingsError names everything to mend, never a value."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError([_sentence(problem) for problem in error.errors(include_input=False)]) from None
    except pydantic_settings.SettingsError as error:
        name = re.search(r'"(\w+)"', str(error))
        variable = PREFIX + name[1].upper() if name else "A setting"
        raise SettingsError([f"{variable} is not valid JSON."]) from None
    return check(settings)


def check(settings: Settings) -> Settings:
    """The same settings when they allow a start; otherwise SettingsError with everything that does not."""
    problems = _key_problems(settings)
    problems += (
        _production_problems(settings) if settings.mode is Mode.PRODUCTION else _demonstration_problems(settings)
    )
    problems += [
        f"HANDOVER_ISSUERS names the key file {issuer.jwks_file}, which is not there."
        for issuer in settings.issuers
        if issuer.jwks_file is not None and not issuer.jwks_file.is_file()
    ]
    if settings.sign_in:
        problems += settings.sign_in.problems(production=settings.mode is Mode.PRODUCTION)
    problems += _notice_problems(settings)
    problems += [
        f"{name} must begin with postgresql://."
        for name, url in (("HANDOVER_DATABASE_URL", settings.database_url), ("HANDOVER_OWNER_URL", settings.owner_url))
        if url and not re.match(r"postgres(ql)?(\+asyncpg)?://", url)
    ]
    if problems:
        raise SettingsError(problems)
    return settings


def _notice_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.smtp_url:
        try:
            MailServer.of(settings.smtp_url)
        except ValueError as error:
            problems.append(f"HANDOVER_SMTP_URL {error}.")
        if not is_address(parseaddr(settings.mail_from)[1]):
            problems.append("HANDOVER_MAIL_FROM is missing or no mail address: mail needs one that it comes from.")
    if settings.smtp_ca_file and not settings.smtp_ca_file.is_file():
        problems.append(f"HANDOVER_SMTP_CA_FILE names {settings.smtp_ca_file}, which is not there.")
    if settings.push_key:
        try:
            decode_key(settings.push_key)
        except ValueError as error:
            problems.append(f"HANDOVER_PUSH_KEY {error}; {_HOW_TO_MAKE_A_KEY}.")
    return problems


def _key_problems(settings: Settings) -> list[str]:
    given = {
        "HANDOVER_SSIN_KEY": settings.ssin_key,
        "HANDOVER_SEAL_KEY": settings.seal_key,
        "HANDOVER_LOG_KEY": settings.log_key,
    }
    elsewhere = settings.keys_file or settings.keys_provider
    if elsewhere and any(given.values()):
        names = " and ".join(name for name, text in given.items() if text)
        return [f"{names} would not count beside a key file or provider: unset one or the other."]
    if elsewhere or (settings.mode is Mode.DEMONSTRATION and not any(given.values())):
        return []
    problems = []
    for name, text in given.items():
        if not text:
            problems.append(f"{name} is missing: set it to base64 of 32 random bytes; {_HOW_TO_MAKE_A_KEY}.")
            continue
        try:
            decode_key(text) if name == "HANDOVER_LOG_KEY" else decode_versions(text)
        except ValueError as error:
            problems.append(f"{name} {error}; {_HOW_TO_MAKE_A_KEY}.")
    texts = [text for text in given.values() if text]
    same = [name for name, text in given.items() if texts.count(text) > 1]
    if same:
        problems.append(f"{' and '.join(same)} are the same: give each its own key.")
    return problems


def _production_problems(settings: Settings) -> list[str]:
    problems = []
    if not settings.issuers:
        problems.append(
            "HANDOVER_ISSUERS is missing: set it to a JSON list with {issuer, audience, jwksUrl} "
            "(or jwksFile) for each identity provider whose tokens count."
        )
    problems += [
        "HANDOVER_ISSUERS has a jwksUrl that is not https: keys fetched in clear can be replaced on the way."
        for issuer in settings.issuers
        if issuer.jwks_url is not None and not issuer.jwks_url.startswith("https://")
    ]
    if not settings.public_url.startswith("https://"):
        problems.append("HANDOVER_PUBLIC_URL must be the https address people use: sign-in and links depend on it.")
    if settings.clock_offset:
        problems.append("HANDOVER_CLOCK_OFFSET moves the clock, which only a demonstration may: unset it.")
    return problems


def _demonstration_problems(settings: Settings) -> list[str]:
    if is_loopback(settings.host):
        return []
    sentence = (
        f"HANDOVER_HOST is {settings.host}, but a demonstration hands out tokens to anyone and listens on "
        "this machine only: use 127.0.0.1, or set HANDOVER_MODE=production."
    )
    return [sentence]


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sentence(problem: ErrorDetails) -> str:
    variable = PREFIX + str(problem["loc"][0]).upper()
    inside = ".".join(str(part) for part in problem["loc"][1:])
    return f"{variable}{f' ({inside})' if inside else ''}: {problem['msg']}."
