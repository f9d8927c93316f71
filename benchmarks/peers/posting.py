"""The POST that every worker makes here: the same body, the same headers, the same signature, the same HTTP client."""

import time

import aiohttp

from handover import __version__
from handover.delivery.signing import key_of, new_private, new_secret, signature

_KEY = key_of(new_secret(), new_private())
_AT_ONCE = 128


def session() -> aiohttp.ClientSession:
    """Give the client, set up as our own worker's is."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_AT_ONCE),
        headers={"Content-Type": "application/cloudevents+json", "User-Agent": f"handover/{__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def deliver(client: aiohttp.ClientSession, url: str, message_id: str, body: bytes) -> None:
    """Sign and send one message. Raises aiohttp.ClientError when it is not taken."""
    at = int(time.time())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature((_KEY,), message_id, at, body),
    }
    async with client.post(url, data=body, headers=headers, allow_redirects=False) as answer:
        await answer.read()
        answer.raise_for_status()
