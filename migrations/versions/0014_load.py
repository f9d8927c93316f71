"""How much each counsellor has, counted through indexes alone; see script.py.mako for the rules.

A dossier's row says in clear whether it is closed: a closed one is no work. Rows of before say so once they are
projected anew (`handover replay --rebuild inbox`). Indexes are built beside the work that goes on; repeating it
after it was broken off does no harm.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Under a new name, then in place of the old one: without an index at no moment.
_INDEXES = {
    "inbox_thread_by_counsellor": "inbox_thread (organisation_id, counsellor_id, your_turn) INCLUDE (due_at)",
    "inbox_dossier_by_organisation": "inbox_dossier (organisation_id, dossier_id) INCLUDE (counsellors, closed)",
    "inbox_dossier_unassigned": "inbox_dossier (organisation_id, dossier_id) WHERE counsellors = '{}' AND NOT closed",
}

# By the counsellor first, the organisation afterwards (OFFSET 0): a plan made while a connection asked for small
# organisations stays, and by organisation it would read all that a large one has.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION inbox_dossiers_of(p_counsellor text) RETURNS SETOF inbox_dossier
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 60 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM (
        SELECT * FROM inbox_dossier i WHERE i.counsellors @> ARRAY[p_counsellor] OFFSET 0
    ) i WHERE i.organisation_id = ANY (asking());
END $$;
CREATE OR REPLACE FUNCTION inbox_threads_also(p_names text[]) RETURNS SETOF inbox_thread
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM (
        SELECT * FROM inbox_thread t WHERE t.also && p_names OFFSET 0
    ) t WHERE t.organisation_id = ANY (asking());
END $$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION inbox_dossiers_of SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION inbox_threads_also SET search_path = %I, pg_temp', current_schema());
END $$
"""


def upgrade() -> None:
    """Build it."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("ALTER TABLE inbox_dossier ADD COLUMN IF NOT EXISTS closed boolean NOT NULL DEFAULT false")
        op.get_bind().connection.run_async(lambda driver: driver.execute(_FUNCTIONS))
        # Only the worker and old processes called these: a request has no use for them.
        op.execute("REVOKE EXECUTE ON FUNCTION release_lanes, requeue_deliveries FROM handover_app")
        for name, made_of in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new")
            op.execute(f"CREATE INDEX CONCURRENTLY {name}_new ON {made_of}")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"ALTER INDEX {name}_new RENAME TO {name}")
        op.execute("RESET lock_timeout")
