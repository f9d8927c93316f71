"""Row security, table by table; see script.py.mako for the rules.

Each table in a transaction of its own: all of them at once would wait in a circle with whoever is at work. Repeating it
after it was broken off does no harm. Until the roles of the migration before are used nothing changes for anybody: the
owner of a table is not walled in.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ASKED = "organisation_id = ANY ((SELECT asking())::text[])"
# `inscribed` and `subscription` have walls of their own, which apply within these too.
_DOSSIER = "EXISTS (SELECT FROM inscribed i WHERE i.dossier_id = {table}.dossier_id)"
_SUBSCRIPTION = "EXISTS (SELECT FROM subscription s WHERE s.subscription_id = {table}.subscription_id)"
_WALLS = {
    "inscribed": _ASKED,
    "feed": _ASKED,
    "inbox_dossier": _ASKED,
    "inbox_thread": _ASKED,
    "inbox_seen": _ASKED,
    "subscription": _ASKED,
    "request_once": _ASKED,
    "break_glass": _ASKED,
    "dossier": _DOSSIER,
    "keys.dossier_key": _DOSSIER,
    "ssin_lookup": _DOSSIER,
    "event": _DOSSIER,
    "delivery": _SUBSCRIPTION,
    "lane": _SUBSCRIPTION,
    "replay_job": _SUBSCRIPTION,
    # An organisation reads its own lines, and all that are about a dossier of its own.
    "access_log": f"{_ASKED} OR {_DOSSIER}",
    # These are the worker's alone.
    "idempotency": "",
    "wake": "",
    "inbound_mark": "",
    "checkpoint_delivery": "",
}
# In batches that commit: an append to a dossier in one of them waits for that.
_BACKFILL = """
DO $$
DECLARE
    v_xid xid8 := '0';
    v_position bigint := 0;
BEGIN
    LOOP
        WITH page AS (
            SELECT f.xid, f.position, f.dossier_id, f.organisation_id FROM feed f
            WHERE (f.xid, f.position) > (v_xid, v_position) ORDER BY f.xid, f.position LIMIT 5000
        ), added AS (
            INSERT INTO inscribed (dossier_id, organisation_id)
            SELECT DISTINCT dossier_id, organisation_id FROM page ORDER BY 1, 2 ON CONFLICT DO NOTHING
        )
        SELECT xid, position INTO v_xid, v_position FROM page ORDER BY xid DESC, position DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Build it."""
    with op.get_context().autocommit_block():
        _together([_BACKFILL])
        for table, seen in _WALLS.items():
            statements = [
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"DROP POLICY IF EXISTS worker ON {table}",
                f"CREATE POLICY worker ON {table} TO handover_worker USING (true) WITH CHECK (true)",
            ]
            if seen:
                condition = seen.format(table=table.rpartition(".")[2])
                statements += [
                    f"DROP POLICY IF EXISTS app ON {table}",
                    f"CREATE POLICY app ON {table} TO handover_app USING ({condition})",
                ]
            if table == "access_log":
                # Requests that answer at the same moment share an insert: anybody's line may be added.
                statements += [
                    "DROP POLICY IF EXISTS app_adds ON access_log",
                    "CREATE POLICY app_adds ON access_log FOR INSERT TO handover_app WITH CHECK (true)",
                ]
            _together(statements)


def _together(statements: list[str]) -> None:
    """Run them as one message, which is one transaction."""
    script = "; ".join(statements)
    op.get_bind().connection.run_async(lambda driver: driver.execute(script))
