"""Files, for who has no API: a template, a list that comes in once it was looked through, and what others did, back."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from handover.adapters.files.columns import Kind
from handover.adapters.files.outcomes import Does, counted, failed
from handover.adapters.files.reading import FileRefused, Limits, read_document
from handover.adapters.files.writing import Table, as_csv, as_workbook, code_lists, errors_of, template
from handover.domain.codes import OrganisationKind
from handover.domain.parties import LegalBasis
from handover.domain.policy import Task
from handover.domain.refusals import Unseen
from handover.web.api.moments import within_reach
from handover.web.ui.files_export import MOST, steps_since
from handover.web.ui.files_held import Held, LostError, hold, take_back
from handover.web.ui.files_told import Told, told, why, wrong_with
from handover.web.ui.files_work import Worked, work
from handover.web.ui.pages import HEADERS, Page
from handover.web.ui.reading import typed_in
from handover.web.ui.screens import Screen
from handover.web.ui.session import signed_in
from handover.web.ui.step_screen import may_write

router = APIRouter(route_class=Screen)
_DAYS_BACK: Final = timedelta(days=30)
_SHOWN: Final = 200
"""Rows of each kind of outcome that a page shows; a file with what failed holds all of them."""
_CSV, _XLSX = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ORDER: Final = (Does.FAILS, Does.OPENS, Does.JOINS, Does.ADDS, Does.NOTHING)


@router.get("/files")
async def files_page(request: Request) -> Response:
    """Show what can be done with files."""
    return _start(await _permitted(request))


@router.get("/files/template/{name}")
async def files_template(request: Request, name: str) -> Response:
    """Give a template in the language of the page: a workbook with both kinds and the codes, or CSV of one kind."""
    page = await _permitted(request)
    language = str(page.t.language)
    if name == "handover.xlsx":
        tables = [*(template(kind, language) for kind in Kind), code_lists(language)]
        return _file(name, as_workbook(tables), _XLSX)
    kind = next((kind for kind in Kind if name == f"{kind}.csv"), None)
    if kind is None:
        raise Unseen
    return _file(name, as_csv(template(kind, language)), _CSV)


@router.post("/files")
async def look_through(request: Request) -> Response:
    """Show row by row what a file would do. Nothing is recorded, and nothing of it is kept."""
    page = await _permitted(request)
    form = await request.form()
    basis = _basis(page, next(iter(typed_in(form).get("legalBasisId", ())), ""))
    given = form.get("file")
    content = await given.read(Limits().bytes + 1) if isinstance(given, UploadFile) else b""
    if not content:
        return _start(page, error=page.t("files.none_chosen"))
    if basis is None:
        return _start(page, error=page.t("invalid.legalBasisId"))
    return await _worked(page, content, basis.legal_basis_id, rehearsal=True)


@router.post("/files/bring")
async def bring_in(request: Request) -> Response:
    """Record what was looked through. Sent twice it counts once: what is so already is left alone."""
    page = await _permitted(request)
    held = await _held(page)
    if held is None or _basis(page, held.legal_basis_id) is None:
        return _start(page, error=page.t("files.lost"))
    return await _worked(page, held.content, held.legal_basis_id, rehearsal=False)


@router.post("/files/errors")
async def files_errors(request: Request) -> Response:
    """Give the rows that failed as a file like the one that came, with why in a column of its own."""
    page = await _permitted(request)
    held = await _held(page)
    if held is None:
        return _start(page, error=page.t("files.lost"))
    document = read_document(held.content)
    reasons = {(sheet, number): reason for sheet, number, reason in held.wrong}
    wrong = [
        [(row, reasons[index, row.number]) for row in sheet.rows if (index, row.number) in reasons]
        for index, sheet in enumerate(document.sheets)
    ]
    tables = errors_of(document, wrong, str(page.t.language))
    if not tables:
        raise Unseen
    name = str(page.t("files.errors_name"))
    if document.is_workbook:
        return _file(f"{name}.xlsx", as_workbook(tables), _XLSX)
    return _file(f"{name}.csv", as_csv(tables[0]), _CSV)


@router.get("/files/steps.csv")
async def steps_as_csv(request: Request) -> Response:
    """Give what others did since a day, as CSV."""
    page, table = await _steps(request)
    return _file(f"{page.t('files.steps_name')}.csv", as_csv(table), _CSV)


@router.get("/files/steps.xlsx")
async def steps_as_workbook(request: Request) -> Response:
    """Give what others did since a day, as a workbook."""
    page, table = await _steps(request)
    return _file(f"{page.t('files.steps_name')}.xlsx", as_workbook([table]), _XLSX)


async def _steps(request: Request) -> tuple[Page, Table]:
    page = Page(request, await signed_in(request))
    await page.services.guard.permit(page.visit, Task.READ_FEED)
    return page, await steps_since(page, _since(page))


def _since(page: Page) -> date:
    try:
        day = date.fromisoformat(page.request.query_params.get("since", ""))
    except ValueError:
        return page.dates.today - _DAYS_BACK
    return day if within_reach(day) else page.dates.today - _DAYS_BACK


async def _permitted(request: Request) -> Page:
    page = Page(request, await signed_in(request))
    may_write(page.caller)
    await page.services.guard.permit(page.visit, Task.OPEN_DOSSIER)
    return page


async def _held(page: Page) -> Held | None:
    """Give the file that a form carries back; None when it is not one of ours any more."""
    carried = next(iter(typed_in(await page.request.form()).get("held", ())), "")
    try:
        return take_back(page.services.sealer, _owner(page), carried, now=page.services.clock.now())
    except LostError:
        return None


def _owner(page: Page) -> str:
    return f"{page.own}:{page.caller.counsellor_id}"


async def _worked(page: Page, content: bytes, legal_basis_id: str, *, rehearsal: bool) -> Response:
    """Look a file through or bring it in, and show what came of it."""
    try:
        worked = await work(page, content, legal_basis_id, rehearsal=rehearsal)
    except FileRefused as refused:
        return _start(page, error=wrong_with(page.t, refused))
    counts = counted(worked.outcomes)
    moving = counts[Does.OPENS] + counts[Does.JOINS] + counts[Does.ADDS]
    held = Held(
        content=content,
        legal_basis_id=legal_basis_id,
        at=page.services.clock.now(),
        wrong=tuple(_wrong(page, worked)),
    )
    is_useful = counts[Does.FAILS] or (rehearsal and moving)
    groups = _groups(told(page.t, worked.document, worked.outcomes), counts)
    return page.show(
        "files_told.html",
        rehearsal=rehearsal,
        groups=groups,
        counts=counts,
        total=len(worked.outcomes),
        moving=moving,
        passed_over=[title for sheet in worked.document.sheets for title in sheet.header.unknown],
        held=hold(page.services.sealer, _owner(page), held) if is_useful else "",
        Does=Does,
    )


def _wrong(page: Page, worked: Worked) -> Sequence[tuple[int, int, str]]:
    sheets = worked.document.sheets
    return [
        (one.line.sheet, one.line.row.number, why(page.t, sheets[one.line.sheet].kind, one.why))
        for rows in failed(worked.reading, worked.outcomes)
        for one in rows
        if one.why
    ]


def _groups(rows: Sequence[Told], counts: Counter[Does]) -> list[tuple[Does, int, list[Told]]]:
    """Give the rows by what they do, what needs somebody first."""
    return [(does, counts[does], [row for row in rows if row.does is does][:_SHOWN]) for does in _ORDER if counts[does]]


def _start(page: Page, *, error: str = "") -> Response:
    since = page.dates.today - _DAYS_BACK
    return page.show(
        "files.html",
        400 if error else 200,
        error=error,
        bases=_bases(page),
        is_partner=page.caller.organisation.kind is OrganisationKind.PARTNER,
        limits=Limits(),
        kinds=list(Kind),
        since=since.isoformat(),
        today=page.dates.today.isoformat(),
        most=MOST,
    )


def _bases(page: Page) -> list[LegalBasis]:
    return [b for b in page.people.directory.legal_bases.values() if b.in_force(page.dates.today)]


def _basis(page: Page, wanted: str) -> LegalBasis | None:
    bases = _bases(page)
    if not wanted and len(bases) == 1:
        return bases[0]
    return next((basis for basis in bases if basis.legal_basis_id == wanted), None)


def _file(name: str, content: bytes, kind: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, kind)
