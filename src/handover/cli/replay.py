"""`handover replay`: recorded events again: as lines, to a subscription, or through the inbox projection."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from handover.cli.running import run, settings
from handover.delivery import replays
from handover.delivery.replays import Which
from handover.inbox.check import check as check_inbox
from handover.inbox.rebuild import rebuild as rebuild_inbox
from handover.platform.settings import Settings
from handover.record.sealing import KEY_OF, Sealer
from handover.wiring import Services, services

_PAGE = 5000
_console = Console(stderr=True, highlight=False)
_CHOSEN = """
FROM event e
WHERE ($1::uuid IS NULL OR e.dossier_id = $1) AND e.sequence >= $2
  AND ($3::timestamptz IS NULL OR e.recorded_at >= $3) AND ($4::timestamptz IS NULL OR e.recorded_at < $4)
  AND ($5::text IS NULL OR EXISTS (
      SELECT FROM feed f
      WHERE f.organisation_id = $5 AND f.dossier_id = e.dossier_id AND f.sequence = e.sequence
  ))
"""
_LINES = f"""
SELECT e.dossier_id, e.sequence, e.body, {KEY_OF.format("e")} AS keys
{_CHOSEN} AND ($6::uuid IS NULL OR (e.dossier_id, e.sequence) > ($6, $7))
ORDER BY e.dossier_id, e.sequence LIMIT $8
"""
_KEEP = """
INSERT INTO replay_progress (job, xid, position, dossier_id, changed_at) VALUES ($1, '0', $2, $3, now())
ON CONFLICT (job) DO UPDATE SET position = excluded.position, dossier_id = excluded.dossier_id, changed_at = now()
"""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def replay(  # noqa: PLR0913, PLR0917 - a command line
        dossier: Annotated[UUID | None, typer.Option(help="Only this dossier.")] = None,
        organisation: Annotated[str, typer.Option(help="Only what this organisation is entitled to.")] = "",
        from_sequence: Annotated[int, typer.Option(help="Only from this sequence of each dossier on.")] = 1,
        since: Annotated[datetime | None, typer.Option(help="Only what was recorded from this moment (UTC).")] = None,
        until: Annotated[datetime | None, typer.Option(help="Only what was recorded before this moment (UTC).")] = None,
        to: Annotated[UUID | None, typer.Option(help="Send to this subscription instead of printing lines.")] = None,
        rebuild: Annotated[str, typer.Option(help="'inbox': write the inbox anew from the events.")] = "",
        check: Annotated[
            bool, typer.Option(help="Compare the live inbox with one folded afresh; change nothing.")
        ] = False,
        dead: Annotated[bool, typer.Option(help="With --to: only what was given up.")] = False,
        job: Annotated[str, typer.Option(help="Remember progress under this name, and go on from there.")] = "",
        dry_run: Annotated[bool, typer.Option(help="Only say how many events it would be.")] = False,
    ) -> None:
        """Replay recorded events; lines go to standard output, everything else to standard error.

        Long work shows its progress and goes on where it was killed: --rebuild by itself, --to in the workers,
        lines with --job (then lines may come twice, never not at all).
        """
        if rebuild not in {"", "inbox"}:
            message = "The only projection is: inbox."
            raise typer.BadParameter(message, param_hint="--rebuild")
        target = (to, Which.DEAD if dead else Which.ALL) if to else None
        chosen = (dossier, from_sequence, _utc(since), _utc(until), organisation or None)
        raise typer.Exit(
            run(_replaying(settings(), chosen, to=target, rebuild=bool(rebuild), check=check, job=job, dry_run=dry_run))
        )


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


Choice = tuple[UUID | None, int, datetime | None, datetime | None, str | None]


async def _replaying(
    found: Settings,
    chosen: Choice,
    *,
    to: tuple[UUID, Which] | None,
    rebuild: bool,
    check: bool,
    job: str,
    dry_run: bool,
) -> int:
    async with services(found, pool_size=2, name="handover-replay") as ready:
        if dry_run:
            count = await ready.pool.fetchval(f"SELECT count(*) {_CHOSEN}", *chosen)
            _console.print(f"{count} events would be replayed.")
            return 0
        if check:
            return await _check(ready)
        if rebuild:
            return await _rebuild(ready)
        if to:
            return await _send(ready, *to, chosen)
        return await _lines(ready.pool, ready.sealer, chosen, job)


def _progress(what: str) -> tuple[AbstractContextManager[Any], Callable[[int, int], None]]:
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_console,
        transient=True,
    )
    task = bar.add_task(what, total=None)
    return bar, lambda done, total: bar.update(task, completed=done, total=total)


async def _check(ready: Services) -> int:
    bar, advance = _progress("Checking dossiers")
    with bar:
        differences = await check_inbox(ready.pool, ready.sealer, advance)
    for difference in differences:
        sys.stdout.write(f"{difference}\n")
    _console.print(f"{len(differences)} difference{'' if len(differences) == 1 else 's'}.")
    return 1 if differences else 0


async def _rebuild(ready: Services) -> int:
    bar, advance = _progress("Rebuilding dossiers")
    with bar:
        done = await rebuild_inbox(ready.pool, ready.sealer, advance)
    _console.print(f"{done.dossiers} dossiers, {done.events} events read; {done.corrected} rows corrected.")
    for dossier_id in done.unreadable:
        _console.print(f"Could not read dossier {dossier_id}: run `handover replay --check` and restore it.")
    return 1 if done.unreadable else 0


async def _send(ready: Services, subscription_id: UUID, which: Which, chosen: Choice) -> int:
    """Queue a period for a subscription until it is done or full; the workers go on with what is left."""
    dossier, from_sequence, since, until, _ = chosen
    if dossier is not None or from_sequence > 1:
        message = "A subscription gets a period of its organisation's feed: use --since and --until."
        raise typer.BadParameter(message)
    owner = await ready.pool.fetchval(
        "SELECT organisation_id FROM subscription WHERE subscription_id = $1 AND status <> 'deleted'", subscription_id
    )
    if owner is None:
        message = "There is no such subscription."
        raise typer.BadParameter(message, param_hint="--to")
    job = await ready.subscriptions.replay(owner, subscription_id, since=since, until=until, which=which)
    while job is not None and job.finished_at is None:
        with _console.status(f"{job.queued} events queued"):
            queued = await replays.advance(ready.pool, ready.clock.now(), job_id=job.job_id)
        job = await ready.subscriptions.find_replay(owner, subscription_id, job.job_id)
        if queued is None and job is not None and job.finished_at is None:
            _console.print(
                f"{job.queued} events queued so far; the worker goes on as fast as the receiver takes them "
                f"(replay {job.job_id})."
            )
            return 0
    if job is not None:
        _console.print(f"{job.queued} events queued for the subscription; what was waiting already is not doubled.")
    return 0


async def _lines(pool: asyncpg.Pool, sealer: Sealer, chosen: Choice, job: str) -> int:
    """Print events as JSON lines, dossier by dossier; each page is flushed before it counts as done."""
    row = (
        await pool.fetchrow("SELECT dossier_id, position FROM replay_progress WHERE job = $1", f"lines:{job}")
        if job
        else None
    )
    after, sequence = (row["dossier_id"], row["position"]) if row else (None, 0)
    total = await pool.fetchval(f"SELECT count(*) {_CHOSEN}", *chosen)
    bar, advance = _progress("Replaying events")
    done = 0
    with bar:
        while page := await pool.fetch(_LINES, *chosen, after, sequence, _PAGE):
            for record in page:
                key = sealer.dossier(record["dossier_id"], record["keys"])
                sys.stdout.buffer.write(key.open_event(record["sequence"], record["body"]) + b"\n")
            sys.stdout.buffer.flush()
            after, sequence = page[-1]["dossier_id"], page[-1]["sequence"]
            done += len(page)
            advance(done, total)
            if job:
                await pool.execute(_KEEP, f"lines:{job}", sequence, after)
    if job:
        await pool.execute("DELETE FROM replay_progress WHERE job = $1", f"lines:{job}")
    _console.print(f"{done} events.")
    return 0
