"""`handover people`: by which identifiers the identity provider knows our counsellors and organisations."""

import sys
from typing import Annotated

import typer

from handover.access.acm_idm import plain_code
from handover.access.known import save_ovo_code, save_subject
from handover.cli.running import run, settings
from handover.platform.settings import Settings
from handover.wiring import services

app = typer.Typer(
    help="By which identifiers the identity provider knows counsellors and organisations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.command()
def subject(
    counsellor: Annotated[str, typer.Argument(help="Id of the counsellor, such as vdab.bemiddelaar-1.")],
    vo_id: Annotated[str, typer.Argument(help='The claim vo_id of that person; "" forgets it.')],
) -> None:
    """Note by which `vo_id` a counsellor signs in."""
    raise typer.Exit(run(_subject(settings(), counsellor, vo_id)))


@app.command()
def ovo(
    code: Annotated[str, typer.Argument(help="OVO code, such as OVO000042.")],
    organisation: Annotated[str, typer.Argument(help="Short name of the organisation, such as vdab.")],
) -> None:
    """Note which organisation an OVO code of the Flemish government stands for."""
    plain = plain_code(code)
    if not plain.startswith("OVO"):
        message = f"{code!r} is no OVO code: OVO and six digits."
        raise typer.BadParameter(message)
    raise typer.Exit(run(_ovo(settings(), plain, organisation)))


async def _subject(found: Settings, counsellor: str, vo_id: str) -> int:
    async with services(found, pool_size=1, name="handover-people") as ready:
        if counsellor not in ready.directory_now().counsellors:
            message = f"No counsellor {counsellor!r}."
            raise typer.BadParameter(message)
        await save_subject(ready.pool, counsellor, vo_id)
    sys.stdout.write(f"{counsellor} signs in as {vo_id}\n" if vo_id else f"{counsellor} does not sign in any more\n")
    return 0


async def _ovo(found: Settings, code: str, organisation: str) -> int:
    async with services(found, pool_size=1, name="handover-people") as ready:
        known = ready.directory_now().organisations.get(organisation)
        if known is None:
            message = f"No organisation {organisation!r}."
            raise typer.BadParameter(message)
        await save_ovo_code(ready.pool, code, known.enterprise_number)
    sys.stdout.write(f"{code} is {known.name}\n")
    return 0
