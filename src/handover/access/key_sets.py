"""The public keys of issuers of tokens (RFC 7517), read as seldom as can be."""

import asyncio
import json
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from handover.access.denials import KeysUnavailable

COOLDOWN_SECONDS = 30.0
KEYS_SECONDS = 600.0
"""How long keys and checked tokens are trusted unseen: the longest that a withdrawn key still counts."""
UNKNOWN_SECONDS = 60.0
"""How long a key that an issuer did not have is not asked for again."""
_KEPT_UNKNOWN = 1000
_log = structlog.stdlib.get_logger(__name__)

PublicKey = RSAKey | ECKey | OKPKey


class Keys:
    """The public keys of one issuer, from a file or an address.

    They are read anew every ten minutes, and for a key that is not known at most every 30 s, and for the same one at
    most every minute. While the issuer does not answer, the last ones stay.
    """

    def __init__(self, *, file: Path | None = None, url: str | None = None) -> None:
        self._file, self._url = file, url
        self._set: KeySet | None = None
        self._asked = self._read_at = -KEYS_SECONDS
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._reading = asyncio.Lock()

    async def get(self, key_id: str) -> KeySet:
        """Give the keys; raise KeysUnavailable when they cannot be had."""
        if not self._fresh(key_id):
            # Who comes while they are being read waits for them, else the first callers would be turned away.
            async with self._reading:
                if not self._fresh(key_id):
                    await self._refresh(key_id)
        if self._set is None:
            raise KeysUnavailable
        return self._set

    async def named(self, key_id: str) -> PublicKey | None:
        """Give the key of that name, or None where the issuer has none; raise KeysUnavailable."""
        found = await self.get(key_id)
        return next((key for key in found.keys if key.kid == key_id and not isinstance(key, OctKey)), None)

    def _fresh(self, key_id: str) -> bool:
        now = time.monotonic()
        if self._set is None or now - self._read_at > KEYS_SECONDS:
            return False
        return any(key.kid == key_id for key in self._set.keys) or self._unknown.get(key_id, now) > now

    async def _refresh(self, key_id: str) -> None:
        now = time.monotonic()
        if now - self._asked < COOLDOWN_SECONDS:
            return
        self._asked = now
        try:
            self._set = key_set(await self._read())
            self._read_at = now
        except (OSError, ValueError, JoseError, httpx.HTTPError, RecursionError) as error:
            _log.warning("issuer_keys_unavailable", error=type(error).__name__)
            return
        if not any(key.kid == key_id for key in self._set.keys):
            self._unknown[key_id] = now + UNKNOWN_SECONDS
            self._unknown.move_to_end(key_id)
            if len(self._unknown) > _KEPT_UNKNOWN:
                self._unknown.popitem(last=False)

    async def _read(self) -> Any:  # noqa: ANN401 - a JSON document, checked by the import
        if self._file:
            return json.loads(self._file.read_text("utf-8"))
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            response = await client.get(str(self._url))
            response.raise_for_status()
            return response.json()


def key_set(document: Any) -> KeySet:  # noqa: ANN401 - a JSON document from outside
    """Read a key set (RFC 7517); a key in it that cannot be used does not spoil the others."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys = []
    for key in listed if isinstance(listed, list) else []:
        try:
            keys += KeySet.import_key_set({"keys": [key]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("issuer_key_unusable", error=type(error).__name__)
    if not keys:
        raise ValueError("no usable key")
    return KeySet(keys)
