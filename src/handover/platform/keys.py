"""The secrets of an instance: to look national numbers up, to seal, and to sign the log's checkpoints.

Each is text: base64 of 32 bytes, or several versions of it, `2:<base64>,1:<base64>`. The first is the present one; the
others open what was made with them. They come from the environment, from a file, or from a function of yours.
"""

import base64
import binascii
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32
_MOST_VERSION = 255
"""A version is kept in one byte."""
_LOOK_SECONDS = 1.0


class Ring:
    """The versions of one key. `read` gives them; it is asked again when a version is not known, or once a second.

    So a key that was added to the file counts in every running process within a second.
    """

    def __init__(self, read: Callable[[], Mapping[int, bytes]]) -> None:
        self._read = read
        self._keys: Mapping[int, bytes] = read()
        self._asked = time.monotonic()

    @classmethod
    def of(cls, key: bytes) -> "Ring":
        """Give a ring of one key, version 1."""
        return cls(lambda: {1: key})

    @property
    def current(self) -> int:
        """The version that seals from now on."""
        self._look()
        return next(iter(self._keys))

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version there is, the present one first."""
        self._look()
        return tuple(self._keys)

    def key(self, version: int) -> bytes:
        """Give the key of a version; raise KeyError when there is none."""
        if version not in self._keys:
            self._look()
        return self._keys[version]

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._asked < _LOOK_SECONDS:
            return
        self._asked = now
        try:
            self._keys = self._read()
        except (ValueError, OSError):
            # Whoever writes the file makes it good again; until then the keys that are known do.
            return


@dataclass(frozen=True, slots=True)
class Keys:
    """`ssin` for lookups (HMAC-SHA256), `seal` wraps and seals (AES-256-GCM), `log` (32 bytes) signs (ed25519)."""

    ssin: Ring = field(repr=False)
    seal: Ring = field(repr=False)
    log: bytes = field(repr=False)


def decode_versions(text: str) -> dict[int, bytes]:
    """The versions of a key by number, the present one first; ValueError says what is wrong, never what is held."""
    found: dict[int, bytes] = {}
    for part in text.split(","):
        before, colon, after = part.strip().partition(":")
        number = before if colon else "1"
        if not number.isascii() or not number.isdecimal() or not 1 <= int(number[:4]) <= _MOST_VERSION:
            raise ValueError("has a version that is no number from 1 to 255")
        if int(number) in found:
            raise ValueError(f"has version {int(number)} twice")
        found[int(number)] = decode_key(after if colon else before)
    return found


def encode_versions(keys: Mapping[int, bytes]) -> str:
    """The text of a key in its versions, in the order given: the present one first."""
    return ",".join(f"{version}:{base64.b64encode(key).decode('ascii')}" for version, key in keys.items())


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
    _kept(first, ("ssinKey", "sealKey"))
    # In a file of its own: demonstrations from before there was a log have the other two already.
    log = _kept(second, ("logKey",))["logKey"]
    return Keys(
        ssin=Ring(lambda: decode_versions(_kept(first, ("ssinKey",))["ssinKey"])),
        seal=Ring(lambda: decode_versions(_kept(first, ("sealKey",))["sealKey"])),
        log=decode_key(log),
    )


def demonstration_push_key(data_dir: Path) -> bytes:
    """The key by which a demonstration signs web pushes, made once and kept in `data_dir`; ValueError as above."""
    return decode_key(_kept(data_dir / "push-key.json", ("pushKey",))["pushKey"])


def keys_from(read: Callable[[], Mapping[str, str]]) -> Keys:
    """Keys out of texts by the names `ssinKey`, `sealKey` and `logKey`; ValueError says what is missing or wrong."""

    def versions(name: str) -> dict[int, bytes]:
        text = read().get(name, "")
        if not text:
            raise ValueError(f"{name} is missing")
        try:
            return decode_versions(text)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None

    return Keys(
        ssin=Ring(lambda: versions("ssinKey")),
        seal=Ring(lambda: versions("sealKey")),
        log=next(iter(versions("logKey").values())),
    )


def read_key_file(path: Path) -> dict[str, str]:
    """The texts of a key file (a JSON object); ValueError or OSError when it cannot be read."""
    kept = json.loads(path.read_text("ascii"))
    if not isinstance(kept, dict) or not all(isinstance(text, str) for text in kept.values()):
        raise ValueError(f"{path} is no JSON object of texts")
    return kept


def write_key_file(path: Path, texts: Mapping[str, str]) -> None:
    """Replace a key file by these texts, whole or not at all."""
    draft = _drafted(path, texts)
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _kept(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    if not path.exists():
        _create(path, names)
    try:
        kept = read_key_file(path)
        for name in names:
            decode_versions(kept[name])
    except (ValueError, KeyError, TypeError):
        wanted = f"the key {names[0]}" if len(names) == 1 else f"the {len(names)} keys {' and '.join(names)}"
        raise ValueError(
            f"{path} does not hold {wanted}. Put the file back from a copy; "
            "without it the data beside it cannot be read or vouched for."
        ) from None
    return kept


def _create(path: Path, names: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _drafted(path, {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") for name in names})
    try:
        # A link never replaces: of two processes that start together, one's keys count for both.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _drafted(path: Path, texts: Mapping[str, str]) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - the mode must hold from the first byte
        json.dump(dict(texts), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return draft
