"""`make audit`: whether a release that the lock files name has a known vulnerability (pip-audit, by the OSV database).

Ends with 1 when one has. Where the database cannot be reached nothing is known: that is said, and is no failure unless
AUDIT_REQUIRED is set. AUDIT_OSV_URL names another address of the database.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

_TOP = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def main(locks: tuple[str, ...] = LOCKS) -> int:
    """Ask about every release in the lock files; give the exit status."""
    return max(_audit(_TOP / lock) for lock in locks)


def _audit(lock: Path) -> int:
    url = os.environ.get("AUDIT_OSV_URL", "")
    done = subprocess.run(
        [
            *(
                str(Path(sys.executable).with_name("pip-audit")),
                "--requirement",
                str(lock),
                "--disable-pip",
                "--no-deps",
            ),
            *("--require-hashes", "--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"),
            *(("--osv-url", url) if url else ()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("{"):
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"{lock.name}: NOT AUDITED, the database of vulnerabilities does not answer ({why[:200]})")  # noqa: T201
        return 1 if os.environ.get("AUDIT_REQUIRED") else 0
    found = json.loads(done.stdout)["dependencies"]
    known = [f"{one['name']} {one['version']}: {bad['id']}" for one in found for bad in one.get("vulns", ())]
    print(f"{lock.name}: {len(found)} releases audited, {len(known)} vulnerabilities known", *known, sep="\n  ")  # noqa: T201
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
