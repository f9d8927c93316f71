"""`handover adapters` as an operator meets it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.adapters import filing
from tests.adapters.filing import Cabinet, Desk
from tests.instance import Instance, becomes
from typer.testing import CliRunner, Result

from handover.adapters.kit.contract import Reject, Report
from handover.adapters.lino.adapter import LinoAccount
from handover.cli import adapters
from handover.exchange.links import Links, Trouble

OCMW, SYSTEM = "ocmw-lindedal", "lino"
# Nothing listens on port 9: whoever gets this far says that the Lino does not answer.
NOBODY = LinoAccount(url="http://127.0.0.1:9", username="reader", password="geheim-wachtwoord")


@pytest.fixture
async def links(api: Instance, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Links:
    """The links of an instance that the command finds by its settings."""
    monkeypatch.setenv("HANDOVER_DATABASE_URL", database)
    monkeypatch.setenv("HANDOVER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HANDOVER_LINO_PASSWORD", NOBODY.password)
    monkeypatch.setenv("COLUMNS", "300")
    return Links(api.worker.pool, api.worker.sealer, api.worker.clock)


async def _ask(*words: str) -> Result:
    # The command brings a loop of its own, which cannot run inside this one.

    return await asyncio.to_thread(CliRunner().invoke, adapters.app, list(words))


def _flat(result: Result) -> str:
    assert NOBODY.password not in result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.replace("│", " ").split())


async def _join(links: Links) -> None:
    await links.put(OCMW, SYSTEM, NOBODY, legal_basis_id="demo-protocol", interval=timedelta(seconds=60))


@pytest.mark.parametrize(
    ("organisation", "options", "said"),
    [
        (OCMW, [], "does not answer"),
        ("vdab", [], "one of: ocmw-lindedal"),
        (OCMW, ["--legal-basis", "nergens"], "one of: demo-protocol"),
    ],
)
async def test_what_cannot_be_joined_is_told_at_once_and_not_kept(
    links: Links, organisation: str, options: list[str], said: str
) -> None:
    result = await _ask("add", organisation, "--url", NOBODY.url, "--username", "reader", *options)
    assert (result.exit_code, said in _flat(result)) == (1, True)
    assert await links.all() == []
    assert "No organisation is joined" in _flat(await _ask("status"))


async def test_status_tells_how_each_goes(links: Links) -> None:
    await _join(links)
    waiting = await _ask("status")
    assert (waiting.exit_code, "ocmw-lindedal lino not read yet" in _flat(waiting)) == (0, True)
    (link,) = await links.claim(most=1)
    report = Report(clients=63, opened=35, rejects=[Reject("jobs/Contracts", 7, "it has no start date")])
    report.events["dossier.opened"] = 35
    assert await links.got_through(link, report)
    well = await _ask("status")
    assert well.exit_code == 0
    assert "lino well" in _flat(well)
    assert _flat(well).split("lino well")[1].split()[2:5] == ["63", "35", "1"]
    rejects = _flat(await _ask("rejects", OCMW, SYSTEM))
    assert "jobs/Contracts 7 it has no start date" in rejects

    assert await links.read_now(OCMW, SYSTEM)
    (link,) = await links.claim(most=1)
    await links.failed(link, Trouble.AWAY, "The Lino does not answer.")
    away = await _ask("status")
    assert away.exit_code == 1
    assert "away, 1 times" in _flat(away)
    assert "The Lino does not answer." in _flat(away)


async def test_each_change_is_done_and_an_unknown_link_is_named(links: Links) -> None:
    await _join(links)
    assert "read no more" in _flat(await _ask("pause", OCMW, SYSTEM))
    assert "paused" in _flat(await _ask("status"))
    assert "at once" in _flat(await _ask("retry", OCMW, SYSTEM))
    assert "Everything was placed." in _flat(await _ask("rejects", OCMW, SYSTEM))
    assert "what was recorded stays" in _flat(await _ask("remove", OCMW, SYSTEM))
    for command in ("pause", "retry", "rejects", "remove"):
        result = await _ask(command, OCMW, SYSTEM)
        assert (result.exit_code, "is joined to no lino" in _flat(result)) == (1, True), command


async def test_steps_that_do_not_stand_there_are_listed_brought_and_skipped(api: Instance, links: Links) -> None:
    assert await links.all() == []
    desk = Desk(api, Cabinet())
    await desk.join()
    assert "all written" in _flat(await _ask("status"))
    dossier_id, thread_id = await desk.open(client=None)
    await desk.accepted(dossier_id, thread_id)
    async with desk.working():
        await desk.tried(1)
    assert "1 wait, 0 dossiers stopped" in _flat(await _ask("status"))
    listed = _flat(await _ask("rejects", OCMW, filing.SYSTEM.name))
    assert dossier_id in listed
    assert "handover.accepted no client of that system is known" in listed

    await api.pool.execute("UPDATE delivery SET state = 'dead', attempts = 10 WHERE attempts > 0 AND state = 'pending'")
    latest = "SELECT max(sequence) FROM delivery WHERE state = 'dead'"
    await api.pool.execute(f"UPDATE lane SET dead = ({latest}), due_at = NULL")  # noqa: S608 - a constant
    stopped = await _ask("status")
    assert (stopped.exit_code, "1 dossiers stopped" in _flat(stopped)) == (1, True)
    assert "given up after 10 times" in _flat(await _ask("rejects", OCMW, filing.SYSTEM.name))

    await desk.known(dossier_id, 1)
    assert (await _ask("retry", OCMW, filing.SYSTEM.name)).exit_code == 0
    async with desk.working():
        await becomes(lambda: len(desk.cabinet.files[1]) == 1)
        await desk.settled()
    assert (await _ask("status")).exit_code == 0

    await _ask("pause", OCMW, filing.SYSTEM.name)
    data = {"appointmentAt": (desk.now + timedelta(days=3)).isoformat(), "subject": "Opvolging"}
    await desk.vdab.step(dossier_id, "followUp.appointmentPlanned", data)
    async with desk.working():
        await asyncio.sleep(0.3)
    assert len(desk.cabinet.files[1]) == 1, "a pause holds for both ways"
    skipped = await _ask("skip", OCMW, filing.SYSTEM.name, dossier_id, "--reason", "staat er al")
    assert "1 steps of that dossier are left out" in _flat(skipped)
    again = await _ask("skip", OCMW, filing.SYSTEM.name, dossier_id, "--reason", "staat er al")
    assert (again.exit_code, "Nothing of that dossier waits" in _flat(again)) == (1, True)
    await _ask("remove", OCMW, filing.SYSTEM.name)
    await desk.join()
    assert "all written" in _flat(await _ask("status")), "joined again, it begins anew"


def test_an_account_shows_no_password() -> None:
    assert "geheim" not in repr(NOBODY)
    assert msgspec.json.decode(msgspec.json.encode(NOBODY), type=LinoAccount) == NOBODY
