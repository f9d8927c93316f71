"""Two versions of the product, each in a directory of its own: the one before the latest migration, and the latest."""

import io
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

_TOP = Path(__file__).parents[2]
_PREPARE = """
import asyncio
from handover.cli.seed import seed_directory
from handover.platform.settings import load
from handover.record.migrate import upgrade
from handover.wiring import services

async def main():
    found = load()
    await upgrade(found.database_url)
    async with services(found, pool_size=1) as ready:
        await seed_directory(ready)

asyncio.run(main())
"""
_INVENTED = '''
"""Invented: what a migration may do while the service runs."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", {last!r}, None, None


def upgrade():
    op.execute("CREATE TABLE invented (dossier_id uuid PRIMARY KEY)")
    op.execute("ALTER TABLE event ADD COLUMN invented text NOT NULL DEFAULT 'none'")
    op.execute("INSERT INTO invented SELECT dossier_id FROM dossier")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY invented_by_type ON event (type, invented)")
'''


@dataclass(frozen=True, slots=True)
class Version:
    """A source tree with its migrations."""

    top: Path
    what: str

    @property
    def source(self) -> str:
        """The PYTHONPATH that makes a process run this version."""
        return str(self.top / "src")

    @property
    def revision(self) -> str:
        """The schema that it brings."""
        return _last(self.top)

    @property
    def prepare(self) -> tuple[str, ...]:
        """The program that migrates an empty database and saves the demonstration's organisations."""
        return (sys.executable, "-c", _PREPARE)


def two(place: Path) -> tuple[Version, Version]:
    """Give the version before and the latest.

    Where the history is not at hand (a shallow clone), today's is the version before, and the latest is a copy of it
    with an invented migration.
    """
    before, today = place / "before", Version(_TOP, "today's version")
    # The oldest that added one of that number: a migration may have been given another name since.
    added = _git("log", "--diff-filter=A", "--format=%H^", "--", f"migrations/versions/{_last(_TOP)}_*.py").split()
    packed = _git("archive", "--format=tar", added[-1].decode(), "src", "migrations") if added else b""
    if packed:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(before, filter="data")
        return Version(before, "the version before the latest migration"), today
    after = place / "after"
    for part in ("src", "migrations"):
        shutil.copytree(_TOP / part, after / part)
    last, needs = _last(_TOP), after / "src" / "handover" / "record" / "schema.py"
    (after / "migrations" / "versions" / "9999_invented.py").write_text(_INVENTED.format(last=last), "utf-8")
    needs.write_text(needs.read_text("utf-8").replace(f'SCHEMA = "{last}"', 'SCHEMA = "9999"'), "utf-8")
    return today, Version(after, "a version with an invented migration")


def _last(top: Path) -> str:
    return max(path.name[:4] for path in (top / "migrations" / "versions").glob("[0-9]*.py"))


def _git(*arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        return b""
    return subprocess.run((git, *arguments), cwd=_TOP, capture_output=True, check=False).stdout
