"""What commands that read an outside system ask and say alike: its account, for whom, on which legal basis."""

from typing import Annotated

import typer
from rich.console import Console

from handover.domain.codes import OrganisationKind
from handover.domain.deadlines import local_day
from handover.domain.parties import Directory, Organisation
from handover.wiring import Services

Url = Annotated[str, typer.Option(help="Address of the Lino, such as https://lino.example.")]
Username = Annotated[str, typer.Option(help="Lino account with the rights of an administrator.")]
Password = Annotated[
    str,
    typer.Option(
        envvar="HANDOVER_LINO_PASSWORD",
        prompt=True,
        hide_input=True,
        help="Its password. Better in HANDOVER_LINO_PASSWORD: a command line can be seen by others.",
    ),
]
LegalBasis = Annotated[str, typer.Option(help="Legal basis of the dossiers; needed when there are several.")]


class CannotJoinError(Exception):
    """It cannot be done as it was asked; the message says what to give."""


def ocmw(directory: Directory, organisation_id: str) -> Organisation:
    """Give an OCMW by its short name. Raises CannotJoinError."""
    found = directory.organisations.get(organisation_id)
    if found is None or found.kind is not OrganisationKind.OCMW:
        everyone = directory.organisations.values()
        names = sorted(o.organisation_id for o in everyone if o.kind is OrganisationKind.OCMW)
        raise CannotJoinError(
            f"There is no OCMW {organisation_id!r} here. Give --organisation one of: "
            f"{', '.join(names) or 'none yet, add the organisation first'}."
        )
    return found


def basis_of(ready: Services, wanted: str) -> str:
    """Give the legal basis that is meant: the one in force where none is named. Raises CannotJoinError."""
    today = local_day(ready.clock.now())
    in_force = sorted(name for name, basis in ready.directory().legal_bases.items() if basis.in_force(today))
    if wanted in in_force:
        return wanted
    if not wanted and len(in_force) == 1:
        return in_force[0]
    raise CannotJoinError(
        "Say on which legal basis the dossiers rest with --legal-basis, one of: "
        f"{', '.join(in_force) or 'none is in force, add one first'}."
    )


def stopped(why: str) -> typer.Exit:
    """Say on standard error why it stops here; raise what is given back."""
    Console(stderr=True).print(why, style="bold red", highlight=False, markup=False)
    return typer.Exit(1)
