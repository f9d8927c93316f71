"""The secrets of an instance: to look national numbers up, to seal, and to sign the log's checkpoints."""

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
    """32 bytes each: `ssin` for lookups (HMAC-SHA256), `seal` for sealing (AES-256-GCM), `log` signs (ed25519)."""

    ssin: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    log: bytes = field(repr=False)


def decode_key(text: str) -> bytes:
    """The 32 bytes of a base64 text (standard or URL alphabet); ValueError says what is wrong with it."""
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, {KEY_BYTES} are needed")
    return key


def demonstration_key_files(data_dir: Path) -> tuple[Path, Path]:
    """Where a demonstration keeps its keys."""
    return data_dir / "keys.json", data_dir / "log-key.json"


def demonstration_keys(data_dir: Path) -> Keys:
    """Keys of a demonstration, made once and kept in `data_dir`, readable by their owner only.

    Raises ValueError when a file is there but cannot be used.
    """
    first, second = demonstration_key_files(data_dir)
    kept = _kept(first, ("ssinKey", "sealKey"))
    # In a file of its own: demonstrations from before there was a log have the other two already.
    (log,) = _kept(second, ("logKey",))
    return Keys(ssin=kept[0], seal=kept[1], log=log)


def _kept(path: Path, names: tuple[str, ...]) -> list[bytes]:
    if not path.exists():
        _create(path, names)
    try:
        kept = json.loads(path.read_text("ascii"))
        return [decode_key(kept[name]) for name in names]
    except (ValueError, KeyError, TypeError):
        wanted = f"the key {names[0]}" if len(names) == 1 else f"the {len(names)} keys {' and '.join(names)}"
        raise ValueError(
            f"{path} does not hold {wanted}. Put the file back from a copy; "
            "without it the data beside it cannot be read or vouched for."
        ) from None


def _create(path: Path, names: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    content = {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") for name in names}
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
