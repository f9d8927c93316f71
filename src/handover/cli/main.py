"""`handover`: one program for operators; each command is a module of its own, loaded when it is called."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from handover.platform.settings import SettingsError

COMMANDS = {
    "up": "up",
    "serve": "serve",
    "work": "work",
    "migrate": "migrate",
    "seed": "seed",
    "token": "token",
    "hosts": "hosts",
    "people": "people",
    "senders": "senders",
    "import": "import_lino",
    "adapters": "adapters",
    "replay": "replay",
    "export": "export",
    "keys": "keys",
    "erase": "erase",
    "retention": "retention",
    "backup": "backup",
    "restore": "restore",
    "verify": "verify",
    "openapi": "openapi",
    "catalogue": "catalogue",
}
"""Each command's name and its module beside this one."""


class Lazy(TyperGroup):
    """Loads a command's module when it is needed: a token should not wait for the web framework."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as below
        """Give the names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer keeps its own copy of click
        """Load a command."""
        del ctx
        name = COMMANDS.get(cmd_name)
        if name is None:
            return None
        module = import_module(f"handover.cli.{name}")
        found = getattr(module, "app", None)  # a group of commands, such as `import`
        if found is None:
            found = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
            module.register(found)
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


typer_app = typer.Typer(
    cls=Lazy,
    name="handover",
    help="Case referral and warm handover between OCMW and VDAB.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@typer_app.callback()
def _program() -> None:
    """Case referral and warm handover between OCMW and VDAB."""


def app() -> None:
    """Run the program; what cannot start says so in a sentence, without a traceback."""
    try:
        typer_app()
    except SettingsError as error:
        _stop(error)
    except RuntimeError as error:
        # The floor's refusals (database unreachable or unfit, embedded server) say themselves what to mend.
        if not type(error).__module__.startswith("handover.platform"):
            raise
        _stop(error)


def _stop(error: Exception) -> None:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)
