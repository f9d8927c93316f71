"""A real OpenID provider beside a real instance: npm's `oidc-provider`, a process of its own on loopback."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from tests.instance import Instance, running

from handover.access.known import save_ovo_code, save_subject

_NODE = Path(__file__).parents[2] / "node"
CLIENT, SECRET = "handover-screens", "a-secret-of-the-test-that-is-long-enough"
COUNSELLOR = "ocmw-lindedal.trajectbegeleider-1"


def of_lindedal(**changes: object) -> dict[str, object]:
    """Give the claims of a counsellor of OCMW Lindedal, as ACM/IDM says them."""
    return {
        "vo_id": "5d3f-lindedal",
        "vo_orgcode": "{lindedal}",
        "vo_doelgroepcode": "LB",
        "handover_rol_3d": ["Trajectbegeleider:{lindedal}"],
    } | changes


PEOPLE = {
    "lindedal": of_lindedal(),
    "vdab": {
        "vo_id": "77aa-vdab",
        "vo_orgcode": "OVO000042",
        "vo_doelgroepcode": "GID",
        "handover_rol_3d": "Bemiddelaar:OVO000042",
    },
    "elsewhere": of_lindedal(vo_orgcode="0202239951", handover_rol_3d=["Trajectbegeleider:0202239951"]),
    "stranger": of_lindedal(vo_id="0000-nobody"),
    "idle": of_lindedal(handover_rol_3d=["Trajectbegeleider:0202239951"]),
    "nobody": {"vo_id": "5d3f-lindedal"},
}


@dataclass
class House:
    """An instance, and where its people sign in."""

    instance: Instance
    issuer: str

    async def sign_in(self, page: Page, login: str, *, start: str = "/sign-in/start") -> None:
        """Sign in at the provider as a person of `PEOPLE`; the browser comes back by itself."""
        await page.goto(start)
        await page.locator("input[name=login]").fill(login)
        await page.locator("input[name=password]").fill("any")
        await page.get_by_role("button", name="Sign-in").click()
        await page.wait_for_url(f"{self.instance.base_url}/**")


@asynccontextmanager
async def house(dsn: str, data_dir: Path, *, in_id_token: bool = True, **proof: Any) -> AsyncIterator[House]:  # noqa: ANN401
    """Run both. `proof`: `settings` and `client` say how the client proves itself; else with a secret.

    `limits`: further settings of the instance.
    """
    port, provider_port = free_port(), free_port()
    issuer = f"http://127.0.0.1:{provider_port}"
    settings = {
        "issuer": issuer,
        "clientId": CLIENT,
        "help": "de helpdesk, 02 000 00 00",
        **proof.get("settings", {"clientSecret": SECRET}),
    }
    async with running(dsn, data_dir, work=False, port=port, sign_in=settings, **proof.get("limits", {})) as instance:
        numbers = {
            o.organisation_id: o.enterprise_number for o in instance.services.directory_now().organisations.values()
        }
        await save_subject(instance.pool, COUNSELLOR, "5d3f-lindedal")
        await save_subject(instance.pool, "vdab.bemiddelaar-1", "77aa-vdab")
        await save_ovo_code(instance.pool, "OVO000042", numbers["vdab"])
        client = {
            "client_id": CLIENT,
            "redirect_uris": [f"{instance.base_url}/sign-in/callback"],
            "post_logout_redirect_uris": [f"{instance.base_url}/sign-in"],
            "backchannel_logout_uri": f"{instance.base_url}/sign-out/back-channel",
            "backchannel_logout_session_required": True,
            **proof.get("client", {"client_secret": SECRET}),
        }
        people = json.loads(json.dumps(PEOPLE).replace("{lindedal}", numbers["ocmw-lindedal"]))
        argument = {"port": provider_port, "clients": [client], "people": people, "inIdToken": in_id_token}
        process = await asyncio.create_subprocess_exec(
            "node", "provider.mjs", json.dumps(argument), cwd=_NODE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(20):
                while (line := await process.stdout.readline()) != b"ready\n":
                    assert line, (await process.communicate())[1].decode()
            # Whatever it says further goes nowhere, so that it never waits for a reader.
            drained = asyncio.gather(*(stream.read() for stream in (process.stdout, process.stderr) if stream))
            yield House(instance, issuer)
        finally:
            process.kill()
            await process.wait()
        await drained


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
