"""The two secrets of an instance: one to look national numbers up, one to seal them."""

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets of 32 bytes: `ssin` for the keyed lookup (HMAC-SHA256), `seal` for sealing (AES-256-GCM)."""

    ssin: bytes = field(repr=False)
    seal: bytes = field(repr=False)


def decode_key(text: str) -> bytes:
    """The 32 bytes of a base64 text (standard or URL alphabet); ValueError says what is wrong with it."""
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, {KEY_BYTES} are needed")
    return key


def demonstration_keys(data_dir: Path) -> Keys:
    """Keys of a demonstration, made once and kept in `data_dir`/keys.json, readable by its owner only.

    Raises ValueError when the file is there but cannot be used.
    """
    path = data_dir / "keys.json"
    if not path.exists():
        _create(path)
    try:
        kept = json.loads(path.read_text("ascii"))
        return Keys(ssin=decode_key(kept["ssinKey"]), seal=decode_key(kept["sealKey"]))
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} does not hold the two keys ssinKey and sealKey. Put the file back from a copy; "
            "without these keys the data beside it cannot be read."
        ) from None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    content = {
        name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") for name in ("ssinKey", "sealKey")
    }
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - the mode must hold from the first byte
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces: of two processes that start together, one's keys count for both.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
