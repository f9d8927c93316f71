"""`handover migrate`: bring the database to this version's schema."""

import typer
from rich import print as show

from handover.cli.running import run, settings
from handover.platform.settings import Settings
from handover.record.migrate import upgrade
from handover.wiring import database


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def migrate() -> None:
        """Apply pending migrations. Safe while the service runs, and safe to repeat."""
        run(migrating(settings()))
        show("The database is up to date.")


async def migrating(found: Settings) -> None:
    """Apply pending migrations."""
    async with database(found) as dsn:
        await upgrade(dsn)
