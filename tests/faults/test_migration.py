"""Line 13: the schema changes under load, and two versions run on it at once."""

import asyncio
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from handover.platform.embedded import OWNER
from tests.faults import versions
from tests.faults.audit import audit, log_report
from tests.faults.conftest import Scorecard, loading, subscribe
from tests.faults.house import OCMW, VDAB, Program, house
from tests.faults.receiver import Receiver
from tests.faults.scorecard import LONG

_SEALED = "SELECT (SELECT count(*) FROM event) = (SELECT max(size) FROM checkpoint)"
_CUT_OFF = {"503", "ConnectError", "ReadError", "RemoteProtocolError"}


async def _more(count: Callable[[], int], of: int) -> None:
    async with asyncio.timeout(30):
        wanted = count() + of
        while count() < wanted:  # noqa: ASYNC110 - the load tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("shallow", [False, True] if LONG else [False])
async def test_13_migration_under_load(
    shallow: bool,  # noqa: FBT001 - a parameter of the test
    empty_database: str,
    tmp_path: Path,
    receiver: Receiver,
    scorecard: Scorecard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shallow:
        monkeypatch.setattr(versions, "_git", lambda *_: b"")
    old, new = versions.two(tmp_path)
    row = scorecard(13, "migration under load, two versions", f"{old.what} at work, `handover migrate` of {new.what}")
    async with house(empty_database, tmp_path, seeded=True, login=OWNER) as home:
        assert await (await home.start("", {"PYTHONPATH": old.source}, argv=old.prepare)).ended() == 0
        early = await home.worker(PYTHONPATH=new.source)
        old_api, old_worker = await asyncio.gather(home.api(PYTHONPATH=old.source), home.worker(PYTHONPATH=old.source))
        assert await early.ended() == 2, "the latest version started on a schema that it does not know"
        assert "`handover migrate`" in early.log, early.log
        async with loading(home, old_api.url) as load:
            await subscribe(load, receiver)
            await load.open(8)
            ended = asyncio.Event()
            running = asyncio.create_task(load.run(3000, writers=8, pace=0.1, until=ended.is_set))
            try:
                acknowledged = partial(len, load.acknowledged)
                await _more(acknowledged, 40)
                made = await row.provoking(partial(home.start, "migrate", {"PYTHONPATH": new.source}))
                assert made is None or (isinstance(made, Program) and await made.ended() == 0)
                revision = await home.fetchval("SELECT version_num FROM alembic_version")
                row.happened(revision == new.revision != old.revision, f"the schema is still {revision}")
                await _more(acknowledged, 40)
                assert not load.problems, f"the version before does not work on the new schema: {load.problems}"
                new_api, _ = await asyncio.gather(
                    home.api(PYTHONPATH=new.source),
                    home.worker(PYTHONPATH=new.source, HANDOVER_CHECKPOINT_SECONDS="0.5"),
                )
                load.urls.append(new_api.url)
                await _more(acknowledged, 80)
                assert not load.problems, f"the two do not work beside each other: {load.problems}"
                started = time.monotonic()
                load.urls.remove(old_api.url)
                for one in (old_api, old_worker):
                    one.send(signal.SIGTERM)
                assert (await old_api.ended(), await old_worker.ended()) == (0, 0)
                await _more(acknowledged, 40)
            finally:
                ended.set()
                await running
            assert load.problems.keys() <= _CUT_OFF, load.problems
            await load.settle()
            await home.delivered()
            row.recovery = time.monotonic() - started
            found = await audit(home, load, receiver.of(OCMW, VDAB))
            found.good()
            await home.until(_SEALED)
            report = await log_report(home)
            assert (report.word, report.sealed) == ("ok", found.stored), report.findings
            row.tried, row.lost, row.duplicates = load.tried, found.lost, found.duplicates
            row.note = (
                f"from schema {old.revision} to {new.revision}; {load.tried} requests, none refused while both "
                f"ran, {sum(load.problems.values())} cut off as the older ended and answered on repeating"
            )
