"""What tests of the client with a real service share: who talks to it, and what stands between."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from handover.client import Client, Retries, Token, answers, bodies, steps
from tests.client.described import SCHEMAS
from tests.instance import Instance, number

CLIENTS = count(1)
REFERRAL = steps.HandoverRequested(
    receiver="vdab",
    purpose="guidanceToWork",
    summary="Wil als magazijnier werken.",
    contact="ocmw-lindedal.trajectbegeleider-1",
    legal_basis_id="demo-protocol",
)
ACCEPTED = steps.HandoverAccepted(counsellor="vdab.bemiddelaar-1", reached_by="threeWayTalk")


def opening(**changes: Any) -> bodies.DossierOpening:  # noqa: ANN401 - fields
    given = SCHEMAS["DossierOpening"]["example"] | {"ssin": number(next(CLIENTS))}
    return msgspec.structs.replace(msgspec.convert(given, bodies.DossierOpening), **changes)


class Talking(Client):
    """A client that remembers which of its methods were used."""

    def __init__(self, base_url: str, token: Token, http: httpx.AsyncClient) -> None:
        self.used: set[str] = set()
        super().__init__(base_url, token, http=http, retries=Retries(first=0.05))

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - any attribute
        if name != "used" and not name.startswith("_"):
            self.used.add(name)
        return super().__getattribute__(name)

    async def open(self, **changes: Any) -> answers.DossierView:  # noqa: ANN401 - fields
        return await self.open_dossier(opening(**changes))


@contextlib.asynccontextmanager
async def talking(
    instance: Instance,
    organisation: str,
    counsellor: str = "",
    *,
    url: str = "",
    **more: Any,  # noqa: ANN401 - of a token
) -> AsyncIterator[Talking]:
    party = instance.party(organisation, counsellor, **more)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        yield Talking(url or instance.base_url, party.token, http)


@dataclass
class Relay:
    """Between client and service: passes bytes on, and can break lines or swallow an answer."""

    target: tuple[str, int]
    url: str = ""
    lines: set[asyncio.StreamWriter] = field(default_factory=set)
    connections: int = 0
    swallow: int = 0
    """So many answers are taken from the service and not given to the client."""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection(*self.target)
        self.lines |= {writer, back}
        await asyncio.gather(self._pass(reader, back, answers=False), self._pass(there, writer, answers=True))
        self.lines -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if answers and self.swallow:
                    self.swallow -= 1
                    writer.transport.abort()
                    break
                writer.write(chunk)
                await writer.drain()
        writer.close()

    def cut(self) -> int:
        """Break every line; gives how many."""
        lines = list(self.lines)
        for line in lines:
            line.transport.abort()
        return len(lines)


@contextlib.asynccontextmanager
async def relayed(instance: Instance) -> AsyncIterator[Relay]:
    parts = urlsplit(instance.base_url)
    relay = Relay((str(parts.hostname), parts.port or 80))
    server = await asyncio.start_server(relay.take, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
        await server.wait_closed()
