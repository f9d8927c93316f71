"""Row security: each organisation's statements see its own rows only, whatever their conditions say.

What is whose is worked out here from the feed, and not from what the policies look at.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import fresh
from tests.instance import Instance, eventually, number, running

from handover.platform.db import DatabaseUnfitError, open_pool, with_login
from handover.platform.embedded import OWNER, SERVICE, EmbeddedPostgres
from handover.platform.ids import new_id
from handover.platform.settings import Settings
from handover.platform.walls import APP, WORKER, Walled, ask_for, asking_for
from handover.record.wall_audit import gaps, refuse_gaps
from handover.wiring import services

OCMW, OTHER, VDAB = "ocmw-lindedal", "ocmw-waterhoek", "vdab"
_WHO = {OCMW: "trajectbegeleider-1", OTHER: "maatschappelijk-werker-1"}
_NUMBERS = count(500)
_OF_DOSSIERS = "dossier_id IN (SELECT dossier_id FROM feed WHERE organisation_id = ANY ($1))"
_OF_ORGANISATION = "organisation_id = ANY ($1)"
_OF_SUBSCRIPTIONS = "subscription_id IN (SELECT subscription_id FROM subscription WHERE organisation_id = ANY ($1))"
WHOSE = {
    "dossier": _OF_DOSSIERS,
    "keys.dossier_key": _OF_DOSSIERS,
    "ssin_lookup": _OF_DOSSIERS,
    "event": _OF_DOSSIERS,
    "inscribed": _OF_ORGANISATION,
    "feed": _OF_ORGANISATION,
    "request_once": _OF_ORGANISATION,
    "subscription": _OF_ORGANISATION,
    "inbox_dossier": _OF_ORGANISATION,
    "inbox_thread": _OF_ORGANISATION,
    "inbox_seen": _OF_ORGANISATION,
    "break_glass": _OF_ORGANISATION,
    "notice_preference": _OF_ORGANISATION,
    "push_subscription": _OF_ORGANISATION,
    "delivery": _OF_SUBSCRIPTIONS,
    "lane": _OF_SUBSCRIPTIONS,
    "replay_job": _OF_SUBSCRIPTIONS,
    "access_log": f"({_OF_ORGANISATION} OR {_OF_DOSSIERS})",
}
"""Of each walled table the condition that gives an organisation's rows."""
WORKERS_ALONE = {
    "idempotency",
    "wake",
    "inbound_mark",
    "checkpoint_delivery",
    "daily_summary",
    "adapter_link",
    "adapter_reject",
    "sender_key",
}


@pytest.fixture(scope="module")
async def lived_in(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instance]:
    """A database in which every walled table has rows of two OCMWs that share nothing, and of VDAB."""
    async for dsn in fresh(postgres, f'TEMPLATE "{template}"'):
        async with running(dsn, tmp_path_factory.mktemp("walls")) as found:
            for organisation in (OCMW, OTHER):
                await _live(found, organisation)
            yield found


async def _live(instance: Instance, organisation: str) -> None:
    software = instance.party(organisation)
    made = await software.post("/v1/subscriptions", {"url": "http://127.0.0.1:9/hook"})
    assert made.status_code == 201, made.text
    dossier_id = await software.open(ssin=number(next(_NUMBERS)))
    referral = {
        "receiver": VDAB,
        "purpose": "guidanceToWork",
        "summary": "Samen gesproken.",
        "contact": f"{organisation}.{_WHO[organisation]}",
        "legalBasisId": "demo-protocol",
    }
    await software.step(dossier_id, "handover.requested", referral)
    since = {"since": "2026-01-01T00:00:00Z"}
    replayed = await software.post(f"/v1/subscriptions/{made.json()['subscriptionId']}/replay", since)
    assert replayed.is_success, replayed.text

    async def projected() -> bool:
        items = (await instance.party(VDAB).get("/v1/inbox")).json()["items"]
        return any(item["dossierId"] == dossier_id for item in items)

    await eventually(projected)
    counsellor = instance.party(organisation, _WHO[organisation])
    seen = await counsellor.post("/v1/inbox/seen", {"items": [{"dossierId": dossier_id, "sequence": 1}]})
    assert seen.is_success, seen.text
    await instance.pool.execute(
        """
        INSERT INTO break_glass (break_glass_id, dossier_id, organisation_id, counsellor_id, reason, opened_at, until)
        VALUES ($1, $2, $3, 'x', '', $4, $4)
        """,
        new_id(),
        dossier_id,
        organisation,
        datetime.now(UTC),
    )
    who = f"{organisation}.{_WHO[organisation]}"
    await instance.pool.execute(
        """
        WITH preference AS (
            INSERT INTO notice_preference (organisation_id, counsellor_id, language, mail_from, changed_at)
            VALUES ($1, $2, 'nl', '2026-01-05', $3)
        )
        INSERT INTO push_subscription
            (organisation_id, counsellor_id, digest, endpoint, browser, created_at, told_at, due_at)
        VALUES ($1, $2, '\\x00', '', '', $3, $3, $3)
        """,
        organisation,
        who,
        datetime.now(UTC),
    )


@pytest.fixture(scope="module")
async def single(lived_in: Instance) -> AsyncIterator[asyncpg.Pool]:
    """A pool of one connection, in the role of who answers requests."""
    pool = await open_pool(with_login(lived_in.services.dsn, SERVICE), size=1, application_name="walled", role=APP)
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
def walled(single: asyncpg.Pool) -> Walled:
    """What the API asks through."""
    return Walled(single)


async def test_the_table_above_names_every_walled_table(lived_in: Instance) -> None:
    rows = await lived_in.pool.fetch(
        "SELECT CASE n.nspname WHEN 'keys' THEN 'keys.' ELSE '' END || c.relname AS name "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity"
    )
    assert {row["name"] for row in rows} == WHOSE.keys() | WORKERS_ALONE


@pytest.mark.parametrize("table", WHOSE)
async def test_a_table_shows_what_is_of_who_asks(lived_in: Instance, walled: Walled, table: str) -> None:
    everything = f"SELECT t::text FROM {table} t"  # noqa: S608 - from the table above
    for who in ([OCMW], [OTHER], [VDAB], [OCMW, VDAB]):
        own = {row[0] for row in await lived_in.pool.fetch(f"{everything} WHERE {WHOSE[table]}", who)}
        with asking_for(who):
            assert {row[0] for row in await walled.fetch(everything)} == own, who
        if who in ([OCMW], [OTHER]):
            assert own, "nothing is seen because nothing is there"
    with asking_for(["ocmw-nowhere"]):
        assert await walled.fetch(everything) == []
    with asking_for([]):
        assert await walled.fetch(everything) == []


@pytest.mark.parametrize("table", WHOSE)
async def test_without_a_wall_all_would_be_seen(lived_in: Instance, walled: Walled, table: str) -> None:
    """The rows of both are there, and what keeps them apart is row security: the roles that are not walled see them."""
    whole = f"SELECT count(*) FROM {table}"  # noqa: S608 - from the table above
    with asking_for([OCMW]):
        assert await walled.fetchval(whole) < await lived_in.worker.pool.fetchval(whole)


@pytest.mark.parametrize("table", sorted(WORKERS_ALONE))
async def test_what_is_the_workers_is_closed_to_requests(walled: Walled, table: str) -> None:
    with asking_for([OCMW]), pytest.raises(asyncpg.InsufficientPrivilegeError):
        await walled.fetch(f"SELECT FROM {table}")


async def test_nothing_of_who_asked_before_is_left(walled: Walled, single: asyncpg.Pool) -> None:
    """All by one connection: after an answer, after a refusal by the database, and after an error of the driver."""
    asked = "SELECT current_setting('handover.organisation', true)"
    count_all = "SELECT count(*) FROM dossier"
    with asking_for([OCMW]):
        assert (await walled.fetchval(asked), await walled.fetchval(count_all)) == (OCMW, 1)
    assert (await single.fetchval(asked), await single.fetchval(count_all)) == ("", 0)
    assert (await walled.fetchval(asked), await walled.fetchval(count_all)) == ("", 0)
    with asking_for([OCMW]), pytest.raises(asyncpg.DivisionByZeroError):
        await walled.fetch("SELECT 1 / 0")
    assert await walled.fetchval(count_all) == 0
    with asking_for([OCMW]), pytest.raises(asyncpg.DataError):
        await walled.fetch("SELECT $1::int", "no number")
    with asking_for([OCMW]):
        async with walled.acquire() as connection:
            assert await connection.fetchval(count_all) == 1
    assert await single.fetchval(asked) == ""
    assert await walled.fetchval(count_all) == 0
    ask_for("it's")
    assert await walled.fetchval(asked) == "it's"


async def test_a_change_reaches_own_rows_only(walled: Walled, lived_in: Instance) -> None:
    with asking_for([OCMW]):
        assert await walled.execute("UPDATE subscription SET status_reason = 'x'") == "UPDATE 1"
        for change in (
            f"UPDATE subscription SET organisation_id = '{OTHER}'",  # noqa: S608 - a constant
            f"UPDATE inbox_seen SET organisation_id = '{OTHER}'",  # noqa: S608 - a constant
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await walled.execute(change)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await walled.execute(
                "INSERT INTO request_once (organisation_id, key, fingerprint, taken_at) VALUES ($1, 'k', '', now())",
                OTHER,
            )
    reasons = await lived_in.pool.fetch("SELECT organisation_id FROM subscription WHERE status_reason = 'x'")
    assert [row[0] for row in reasons] == [OCMW]


JOURNAL = (
    "INSERT INTO event SELECT * FROM event",
    "UPDATE event SET body = ''",
    "DELETE FROM event",
    "UPDATE dossier SET head = ''",
    "DELETE FROM dossier",
    "INSERT INTO feed (organisation_id, dossier_id, sequence) VALUES ('x', gen_random_uuid(), 1)",
    "DELETE FROM feed",
    "INSERT INTO inscribed VALUES (gen_random_uuid(), 'x')",
    "UPDATE log_leaf SET nodes = ''",
    "UPDATE checkpoint SET note = ''",
    "TRUNCATE event",
    "ALTER TABLE event DISABLE ROW LEVEL SECURITY",
    "DROP POLICY app ON event",
    "CREATE POLICY mine ON event USING (true)",
    "ALTER TABLE event DISABLE TRIGGER ALL",
)
REQUESTS = (
    *JOURNAL,
    "DELETE FROM keys.dossier_key",
    "UPDATE keys.dossier_key SET content = ''",
    "UPDATE access_log SET action = ''",
    "DELETE FROM access_log",
    "UPDATE break_glass SET reason = ''",
    "UPDATE inbox_dossier SET card = ''",
    "INSERT INTO organisation (organisation_id, kind, enterprise_number, name) VALUES ('x', 'ocmw', 'x', 'x')",
    "UPDATE dossier SET state = ''",
)


@pytest.mark.parametrize(
    ("role", "statement"),
    [(APP, statement) for statement in REQUESTS] + [(WORKER, statement) for statement in JOURNAL],
)
async def test_the_journal_is_changed_through_its_door_only(lived_in: Instance, role: str, statement: str) -> None:
    connection = await asyncpg.connect(
        with_login(lived_in.services.dsn, SERVICE),
        server_settings={"role": role, "handover.organisation": OCMW},
    )
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_login_by_itself_is_nothing(lived_in: Instance) -> None:
    connection = await asyncpg.connect(with_login(lived_in.services.dsn, SERVICE))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT FROM dossier")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT find_number(ARRAY[''::bytea])")
    finally:
        await connection.close()


async def test_what_passes_the_wall_asks_for_whom_itself(lived_in: Instance, walled: Walled) -> None:
    dossier_id = await lived_in.pool.fetchval(
        "SELECT dossier_id FROM subscription JOIN delivery USING (subscription_id) WHERE organisation_id = $1", OCMW
    )
    await lived_in.pool.execute("UPDATE inbox_thread SET also = ARRAY['x'] WHERE dossier_id = $1", dossier_id)
    await lived_in.pool.execute("UPDATE inbox_dossier SET counsellors = ARRAY['x'] WHERE dossier_id = $1", dossier_id)
    for query, argument in (
        ("SELECT * FROM inbox_dossiers_of($1)", "x"),
        ("SELECT * FROM inbox_threads_also($1)", ["x"]),
        ("SELECT * FROM delivery_marks($1, ARRAY[1, 2], now())", dossier_id),
    ):
        with asking_for([OCMW]):
            assert await walled.fetch(query, argument), query
        for who in ([OTHER], []):
            with asking_for(who):
                assert await walled.fetch(query, argument) == [], query


GAPS = {
    "ALTER TABLE event DISABLE ROW LEVEL SECURITY": "table event has no row security",
    "ALTER TABLE keys.dossier_key DISABLE ROW LEVEL SECURITY": "table dossier_key has no row security",
    "CREATE TABLE later (dossier_id uuid); GRANT SELECT ON later TO handover_app": "table later has no row security",
    "CREATE VIEW leak AS SELECT * FROM event; GRANT SELECT ON leak TO handover_app": (
        "view leak shows what its owner sees"
    ),
    "CREATE POLICY more ON feed TO handover_app USING (true)": "policy more of feed asks for whom in nothing",
    "CREATE POLICY more ON feed USING (sequence > 0)": "policy more of feed asks for whom in nothing",
    "GRANT INSERT ON event TO handover_app": "handover_app may change event",
    "GRANT UPDATE (body) ON event TO handover_worker": "handover_worker may change event",
    "GRANT DELETE ON keys.dossier_key TO handover_app": "handover_app may change dossier_key",
    "GRANT TRUNCATE ON feed TO PUBLIC": "handover_worker may change feed",
    "CREATE FUNCTION peep() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM event'": (
        "function peep runs as its owner"
    ),
    "ALTER FUNCTION find_number RESET search_path": "function find_number runs as its owner",
}
"""What somebody may do to the database, and how the audit calls it."""


async def test_39_the_wall_stands(database: str) -> None:
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        assert await gaps(pool, login=False) == []
        assert f"the role {OWNER} is a superuser" in await gaps(pool, login=True), "who owns it all is no service"


@pytest.mark.parametrize("statement", GAPS)
async def test_39_every_gap_is_named_and_nothing_starts(database: str, tmp_path: Path, statement: str) -> None:
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as owner:
        await owner.execute(statement)
        assert GAPS[statement] in await gaps(owner, login=False)
    settings = Settings(data_dir=tmp_path, database_url=with_login(database, SERVICE), pool_size=1)
    with pytest.raises(DatabaseUnfitError, match=GAPS[statement]):
        async with services(settings, walled=True):
            pytest.fail("it started")


ROLES = {
    "ALTER ROLE {role} BYPASSRLS": "the role {role} has BYPASSRLS",
    "ALTER ROLE {role} SUPERUSER": "the role {role} is a superuser",
    "ALTER ROLE {role} CREATEROLE": "the role {role} may make roles",
    "ALTER TABLE offer OWNER TO {role}": "the role {role} is or may become the owner of offer",
    "CREATE ROLE {role}_owner; ALTER TABLE offer OWNER TO {role}_owner; GRANT {role}_owner TO {role}": (
        "the role {role} is or may become the owner of offer"
    ),
}


@pytest.mark.parametrize("statement", ROLES)
async def test_39_a_login_that_could_step_over_the_wall_is_named(database: str, statement: str) -> None:
    login = f"login_{new_id().hex}"
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as owner:
        await owner.execute(f"CREATE ROLE {login} LOGIN NOINHERIT; GRANT {APP} TO {login}")
        try:
            pool = await open_pool(with_login(database, login), size=1, application_name="audit", role=APP)
            assert await gaps(pool, login=True) == []
            await owner.execute(statement.format(role=login))
            assert await gaps(pool, login=True) == [ROLES[statement].format(role=login)]
            assert await gaps(pool, login=False) == [], "of the roles themselves nothing changed"
            with pytest.raises(DatabaseUnfitError, match="one organisation could see what is another's"):
                await refuse_gaps(pool, login=True)
            await pool.close()
        finally:
            await owner.execute(f"REASSIGN OWNED BY {login} TO {OWNER}; DROP OWNED BY {login}; DROP ROLE {login}")
            if "_owner" in statement:
                await owner.execute(f"REASSIGN OWNED BY {login}_owner TO {OWNER}; DROP ROLE {login}_owner")
