"""`handover`: one program for operators; each command is a module of its own."""

import sys

import typer
from rich.console import Console

from handover.cli import import_lino, migrate, openapi, replay, seed, serve, token, up, work
from handover.platform.db import DatabaseUnfitError, DatabaseUnreachableError
from handover.platform.embedded import EmbeddedPostgresError
from handover.platform.settings import SettingsError

typer_app = typer.Typer(
    name="handover",
    help="Case referral and warm handover between OCMW and VDAB.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for module in (up, serve, work, migrate, seed, token, replay, openapi):
    module.register(typer_app)
typer_app.add_typer(import_lino.app, name="import", help="Read another system's records into dossiers.")


def app() -> None:
    """Run the program; what cannot start says so in a sentence, without a traceback."""
    try:
        typer_app()
    except (SettingsError, DatabaseUnreachableError, DatabaseUnfitError, EmbeddedPostgresError) as error:
        Console(stderr=True).print(str(error), style="bold red", highlight=False, markup=False)
        sys.exit(2)
