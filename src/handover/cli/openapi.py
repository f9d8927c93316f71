"""`handover openapi`: write the API descriptions anew, or check that they are as the code says."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import typer
from rich import print as show

from handover.platform.settings import Settings
from handover.web.app import create_app
from handover.web.needs import Services
from handover.web.openapi import as_3_0, as_asyncapi, document


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def openapi(
        check: bool = typer.Option(False, "--check", help="Write nothing; fail when a file differs."),
        directory: Path = typer.Option(Path("openapi"), help="Where the files are."),
    ) -> None:
        """Write openapi/handover-v1.json (3.1, with webhooks), its 3.0.3, and the events alone in AsyncAPI 3."""
        differing = []
        for name, text in rendered().items():
            path = directory / name
            if check and (not path.is_file() or path.read_text("utf-8") != text):
                differing.append(name)
            elif not check:
                directory.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        if differing:
            show(f"Not as the code says: {', '.join(differing)}. Run `make openapi` and commit the result.")
            raise typer.Exit(1)


def rendered() -> dict[str, str]:
    """Give each file's name and text."""
    # The description needs no running service, only the settings' defaults.
    services = cast("Services", SimpleNamespace(settings=Settings.model_construct()))
    full = document(create_app(services))
    files = {
        "handover-v1.json": full,
        "handover-v1-3.0.json": as_3_0(full),
        "handover-v1-events.json": as_asyncapi(full),
    }
    return {name: json.dumps(found, indent=1, ensure_ascii=False) + "\n" for name, found in files.items()}
