"""The second wall looks at itself: whether row security stands, from the database's own catalogue.

Asked at every start, because what is built can be taken down by a grant, a restored dump or a hurried ALTER TABLE, and
nothing else would show it. What the policies say is in migration 0012.
"""

from handover.platform.db import DatabaseUnfitError
from handover.platform.walls import APP, WORKER, Database

OPEN = ("organisation", "counsellor", "offer", "log_leaf", "session")
"""Tables that name an organisation or a dossier and need no wall: the directory and the offer are everybody's, the log
holds hashes, and a session is found by its secret before it is known whose it is."""
GROWS = ("event", "feed", "inscribed")
"""The journal: it grows through `append_sealed` only, whoever writes."""
KEPT = (*GROWS, "idempotency", "log_leaf", "checkpoint", "dossier_key", "inbox_dossier", "inbox_thread")
"""What those who answer requests never change themselves."""
PASSES = (
    "append_sealed",
    "delivery_marks",
    "find_number",
    "inbox_dossiers_of",
    "inbox_threads_also",
    "keys_missing",
    "lanes_late",
    "load_sealed",
    "summaries_late",
    "adapters_stuck",
    "sender_keys",
    "heard_from",
)
"""The functions that run as the owner: all that passes the wall."""
_GAPS = """
WITH place AS (
    SELECT oid FROM pg_namespace WHERE nspname IN (current_schema(), 'keys')
), role AS (
    SELECT oid, rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname IN ($1, $2)
    UNION ALL
    SELECT oid, rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE $7 AND rolname = session_user
), relation AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relrowsecurity FROM pg_class c
    WHERE c.relnamespace IN (SELECT oid FROM place) AND c.relkind IN ('r', 'p', 'v', 'm')
), policy AS (
    SELECT r.relname, p.polname, p.polcmd, p.polroles,
           coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS seen
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
)
SELECT format('the role %s is a superuser', rolname) AS gap FROM role WHERE rolsuper
UNION ALL SELECT format('the role %s has BYPASSRLS', rolname) FROM role WHERE rolbypassrls
UNION ALL SELECT format('the role %s may make roles', rolname) FROM role WHERE rolcreaterole
UNION ALL SELECT format('the role %s is or may become the owner of %s', o.rolname, min(r.relname))
FROM role o JOIN relation r ON pg_has_role(o.oid, r.relowner, 'MEMBER') WHERE NOT o.rolsuper GROUP BY o.rolname
UNION ALL SELECT format('table %s has no row security', r.relname) FROM relation r
WHERE r.relkind IN ('r', 'p') AND NOT r.relrowsecurity AND r.relname <> ALL ($3)
  AND has_table_privilege($1, r.oid, 'SELECT') AND EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = r.oid AND a.attname IN ('organisation_id', 'dossier_id', 'subscription_id')
  )
UNION ALL SELECT format('view %s shows what its owner sees', r.relname) FROM relation r
WHERE r.relkind IN ('v', 'm') AND has_table_privilege($1, r.oid, 'SELECT')
UNION ALL SELECT format('policy %s of %s asks for whom in nothing', p.polname, p.relname) FROM policy p
WHERE p.polcmd <> 'a' AND p.seen !~ 'asking\\(\\)|inscribed|subscription'
  AND EXISTS (SELECT FROM pg_roles o WHERE o.rolname = $1 AND p.polroles && ARRAY[0::oid, o.oid])
UNION ALL SELECT format('%s may change %s', o.rolname, r.relname)
FROM relation r JOIN role o ON (o.rolname = $1 AND r.relname = ANY ($5)) OR (o.rolname = $2 AND r.relname = ANY ($4))
WHERE has_table_privilege(o.oid, r.oid, 'INSERT') OR has_any_column_privilege(o.oid, r.oid, 'UPDATE')
   OR has_table_privilege(o.oid, r.oid, 'DELETE') OR has_table_privilege(o.oid, r.oid, 'TRUNCATE')
UNION ALL SELECT format('function %s runs as its owner', p.proname) FROM pg_proc p
WHERE p.pronamespace IN (SELECT oid FROM place) AND p.prosecdef AND has_function_privilege($1, p.oid, 'EXECUTE')
  AND (p.proname <> ALL ($6) OR coalesce(array_to_string(p.proconfig, ' '), '') !~ 'search_path=')
ORDER BY 1
"""


async def gaps(pool: Database, *, login: bool) -> list[str]:
    """Give what stands open, a sentence each; with `login`, also what the session's own login may do."""
    rows = await pool.fetch(_GAPS, APP, WORKER, list(OPEN), list(GROWS), list(KEPT), list(PASSES), login)
    return [row["gap"] for row in rows]


async def refuse_gaps(pool: Database, *, login: bool) -> None:
    """Raise DatabaseUnfitError when the wall does not stand."""
    found = await gaps(pool, login=login)
    if found:
        message = (
            "Row security does not stand, so one organisation could see what is another's: "
            + "; ".join(found)
            + ". See docs/operations.md, The roles in the database; `handover migrate` builds the wall."
        )
        raise DatabaseUnfitError(message)
