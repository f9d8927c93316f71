"""`handover migrate`: bring the database to this version's schema."""

import typer
from rich import print as show

from handover.cli.running import run, settings
from handover.platform.db import login_of
from handover.platform.settings import Settings
from handover.record.migrate import admit, upgrade
from handover.wiring import Doors, database


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def migrate() -> None:
        """Apply pending migrations. Safe while the service runs, and safe to repeat."""
        run(migrating(settings()))
        show("The database is up to date.")


async def migrating(found: Settings) -> None:
    """Apply pending migrations."""
    async with database(found) as doors:
        await migrate_database(doors)


async def migrate_database(doors: Doors) -> None:
    """Apply pending migrations, and let the service's login act in its roles."""
    await upgrade(doors.owner)
    login = login_of(doors.service)
    if login and login != login_of(doors.owner):
        await admit(doors.owner, login)
