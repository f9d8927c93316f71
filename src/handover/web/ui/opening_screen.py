"""A new dossier: open the client's, or join it. The national number is posted, never in an address."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from handover.domain import codes
from handover.domain.codes import OrganisationKind
from handover.domain.events import OpenDossier
from handover.domain.opening import CAPACITIES
from handover.domain.policy import Task
from handover.domain.refusals import Refusal
from handover.platform.ids import new_id
from handover.web.problems import problem_of
from handover.web.ui.choices import Choice
from handover.web.ui.dossier_screen import address_of
from handover.web.ui.fields import Shape, Widget
from handover.web.ui.forms import Field
from handover.web.ui.glossary import explained
from handover.web.ui.list_screen import acceptable_ssin, plain_ssin
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed, Wrong, read, typed_in
from handover.web.ui.screens import Screen, go
from handover.web.ui.session import signed_in
from handover.web.ui.step_screen import asked, may_write, refused

router = APIRouter(route_class=Screen)

_SHAPES = (
    Shape("ssin", "ssin", Widget.LINE, required=True, most=20),
    Shape("givenName", "given_name", Widget.LINE, required=True, most=200),
    Shape("familyName", "family_name", Widget.LINE, required=True, most=200),
    Shape("birthDate", "birth_date", Widget.DAY, required=True),
    Shape("targetGroup", "target_group", Widget.CODE, required=True, codes=tuple(codes.TargetGroup)),
    Shape("capacity", "capacity", Widget.CODE, required=True, codes=tuple(codes.Capacity)),
    Shape("legalBasisId", "legal_basis_id", Widget.LEGAL_BASIS, required=True, most=200),
    Shape("lead", "lead", Widget.CODE, required=False, codes=tuple(codes.LeadKind)),
    Shape("leadName", "lead_name", Widget.LINE, required=False, most=200),
)


@router.get("/dossiers/new")
async def opening_form(request: Request) -> Response:
    """Show the form."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    await page.services.guard.permit(page.visit, Task.OPEN_DOSSIER)
    bases = _legal_bases(page)
    typed = {"key": [str(new_id())]}
    if len(bases) == 1:
        typed["legalBasisId"] = [bases[0].value]
    return _form(page, typed, {})


@router.post("/dossiers/new")
async def open_dossier(request: Request) -> Response:
    """Open or join; sent twice it counts once."""
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    await page.services.guard.permit(page.visit, Task.OPEN_DOSSIER)
    typed = typed_in(await request.form())
    data, wrong = read(_SHAPES, typed)
    ssin = plain_ssin(str(data.get("ssin", "")))
    if "ssin" in data and not acceptable_ssin(page, ssin):
        wrong["ssin"] = Wrong("opening.ssin_wrong")
    birth_date = data.get("birthDate")
    if birth_date is not None and birth_date > page.dates.today:  # type: ignore[operator]
        wrong["birthDate"] = Wrong("opening.birthDate_wrong")
    if wrong:
        return _form(page, typed, wrong)
    try:
        handled = await page.services.record.handle(
            _command(page, data), asked(request, typed, ssin=ssin), at=page.services.clock.now()
        )
    except Refusal as refusal:
        return _form(page, typed, refused(page, refusal), status=problem_of(refusal).status)
    done = "opened" if handled.opened else "joined" if handled.bodies else "known"
    return go(f"{address_of(handled.dossier.dossier_id)}?done={done}")


def _command(page: Page, data: Mapping[str, object]) -> OpenDossier:
    return OpenDossier(
        command_id=new_id(),
        dossier_id=new_id(),
        caller=page.caller,
        given_name=str(data["givenName"]),
        family_name=str(data["familyName"]),
        birth_date=data["birthDate"],  # type: ignore[arg-type]
        target_group=codes.TargetGroup.of(str(data["targetGroup"])),
        capacity=codes.Capacity.of(str(data["capacity"])),
        legal_basis_id=str(data["legalBasisId"]),
        lead=codes.LeadKind.of(str(data["lead"])) if "lead" in data else None,
        lead_name=str(data.get("leadName", "")),
    )


def _form(page: Page, typed: Typed, wrong: Mapping[str, Wrong], *, status: int = 0) -> Response:
    t = page.t
    fields = [_field(page, shape, typed, wrong) for shape in _SHAPES]
    names = {field.name for field in fields}
    return page.show(
        "opening.html",
        status or (400 if wrong else 200),
        fields=fields,
        problems=[(field.target, field.label, field.error) for field in fields if field.error],
        general=[t(w.key, **w.values) for name, w in wrong.items() if name not in names],
        typed=typed,
        is_partner=page.caller.organisation.kind is OrganisationKind.PARTNER,
    )


def _field(page: Page, shape: Shape, typed: Typed, wrong: Mapping[str, Wrong]) -> Field:
    t, error = page.t, wrong.get(shape.name)
    help_key = f"opening.{shape.name}_help" if f"opening.{shape.name}_help" in t else f"help.{shape.name}"
    label = t(f"field.{shape.name}")
    return Field(
        name=shape.name,
        shape=shape,
        label=label,
        help=explained(t, label, t(help_key) if help_key in t else "", f"f-{shape.name}"),
        values=tuple(typed.get(shape.name, ())),
        error=t(error.key, **error.values) if error else "",
        choices=_choices(page, shape),
    )


def _choices(page: Page, shape: Shape) -> tuple[Choice, ...]:
    if shape.widget is Widget.LEGAL_BASIS:
        return _legal_bases(page)
    possible = CAPACITIES[page.caller.organisation.kind] if shape.name == "capacity" else shape.codes
    return tuple(Choice(str(code), page.t.code(code)) for code in shape.codes if code in possible)


def _legal_bases(page: Page) -> tuple[Choice, ...]:
    bases = page.people.directory.legal_bases.values()
    return tuple(Choice(b.legal_basis_id, b.title) for b in bases if b.in_force(page.dates.today))
