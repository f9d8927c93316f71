"""PostgreSQL refuses to run as root; this finds a user for it, without touching anyone's permissions."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Least first. A parent directory of the data or of the virtual environment may be closed to that user (0700
# of root): then the process gets the right to pass through and read, or, when the programs themselves are
# executable by root only, to override file permissions; it stays without any other right of root.
_CAPABILITIES = (None, "dac_read_search", "dac_override")


class UnprivilegedError(RuntimeError):
    """No way was found to run PostgreSQL as somebody else than root; the message says what would help."""


@dataclass(frozen=True, slots=True)
class ProgramUser:
    """Who PostgreSQL's programs run as: the owner of the files and the words to put before a command line."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()


def program_user(home: Path, program: Path) -> ProgramUser:
    """The user for `program` that can enter `home`: ourselves, or as root the owner of `home`, or nobody.

    As root, `home` is given to that user. Raises UnprivilegedError with one sentence.
    """
    if os.geteuid() != 0:
        return ProgramUser(os.geteuid(), os.getegid())
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise UnprivilegedError(
            "PostgreSQL does not run as root and the program setpriv is missing: "
            "install util-linux, or start as an ordinary user."
        )
    uid, gid = _owner(home)
    os.chown(home, uid, gid)
    for capability in _CAPABILITIES:
        prefix = _prefix(setpriv, uid, gid, capability)
        if _works(prefix, home, program):
            return ProgramUser(uid, gid, prefix)
    raise UnprivilegedError(
        f"PostgreSQL does not run as root, and the user {pwd.getpwuid(uid).pw_name} cannot reach {home} or "
        f"{program}: start as an ordinary user, or put both where that user may enter."
    )


def _owner(home: Path) -> tuple[int, int]:
    found = home.stat()
    if found.st_uid != 0:
        return found.st_uid, found.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise UnprivilegedError(
            "PostgreSQL does not run as root and this machine has no user nobody: start as an ordinary user."
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _prefix(setpriv: str, uid: int, gid: int, capability: str | None) -> tuple[str, ...]:
    plain = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    if capability is None:
        return (*plain, "--")
    # PostgreSQL asks access(2) whether it may run its own file, and access(2) ignores the capabilities of an
    # ordinary user unless this secure bit is set.
    extra = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup")
    return (*plain, *extra, "--")


def _works(prefix: tuple[str, ...], home: Path, program: Path) -> bool:
    attempt = subprocess.run(
        [*prefix, "/bin/sh", "-c", 'cd "$0" && exec "$1" --version', str(home), str(program)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    # It prints its version even when it could not examine its own file, with a complaint beside it.
    return attempt.returncode == 0 and not attempt.stderr
