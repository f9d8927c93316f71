"""The inbox's queries: one statement gives all three groups, the same columns for each.

Three texts, because one that fits "mine", "my team's" and "everybody's" would use the index of none.
"""

from handover.record.sealing import KEY_OF

_THREADS = """
(
    SELECT '{group}' AS "group", t.dossier_id, t.thread_id, t.due_at, t.since, t.card,
           NULL::uuid AS event_id, NULL::integer AS sequence, NULL::text AS type, NULL::text AS author,
           NULL::bytea AS body
    FROM {threads} t
    WHERE {turn}
    ORDER BY {order} LIMIT $3
)
"""
_OF_ALL = "(SELECT * FROM inbox_thread WHERE organisation_id = $1)"
# Two lookups beside each other: with OR the planner reads all that an organisation has. Arrays whose length is known,
# else it plans anew each time, which takes as long as the query itself.
_OF_NAMES = """(
        SELECT * FROM inbox_thread WHERE organisation_id = $1 AND counsellor_id = ANY ({names})
        UNION ALL
        SELECT * FROM inbox_threads_also({told}) WHERE organisation_id = $1 AND counsellor_id <> ALL ({names})
    )"""
# Each row looks up its own (a subquery, OFFSET 0): a join over all that an organisation ever had may do for
# a small one, be chosen there, and stay in a prepared plan when it has grown. For the same reason a
# counsellor's dossiers are found by the counsellor alone; the organisation is checked afterwards.
_SEEN = """coalesce((
        SELECT s.sequence FROM inbox_seen s
        WHERE s.organisation_id = $1 AND s.counsellor_id = $2 AND s.dossier_id = i.dossier_id
    ), 0)"""
_SHOWN = "(split_part(e.type, '.', 1) <> ALL (i.hidden) OR e.thread_id = ANY (i.shown))"
"""Steps of processes that other partners do not see are no news to them."""
_NEWS_OF_COUNSELLOR = f"""
(
    SELECT 'news', i.dossier_id, e.thread_id, NULL::timestamptz, e.recorded_at, i.card,
           e.event_id, e.sequence, e.type, e.organisation_id, e.body
    FROM (
        SELECT i.dossier_id, i.organisation_id, i.card, i.foreign_sequence, i.hidden, i.shown,
               greatest(i.entered - 1, {_SEEN}) AS seen
        FROM inbox_dossiers_of($2) i
        OFFSET 0
    ) i
    CROSS JOIN LATERAL (
        SELECT * FROM event e
        WHERE e.dossier_id = i.dossier_id AND e.sequence > i.seen AND e.organisation_id <> $1 AND {_SHOWN}
        ORDER BY e.sequence DESC LIMIT $3
    ) e
    WHERE i.organisation_id = $1 AND i.foreign_sequence > i.seen
    ORDER BY e.recorded_at DESC, e.sequence DESC LIMIT $3
)
"""  # noqa: S608 - put together from our own texts
# An organisation may follow a hundred thousand dossiers: what is new is looked for at the end of its feed.
_NEWS_OF_MANY = f"""
(
    SELECT 'news', i.dossier_id, e.thread_id, NULL::timestamptz, e.recorded_at, i.card,
           e.event_id, e.sequence, e.type, e.organisation_id, e.body
    FROM (
        SELECT dossier_id, sequence FROM feed WHERE organisation_id = $1
        ORDER BY xid DESC, position DESC LIMIT {{lookback}}
    ) f
    CROSS JOIN LATERAL (
        SELECT i.dossier_id, i.card, i.hidden, i.shown, greatest(i.entered - 1, {_SEEN}) AS seen
        FROM inbox_dossier i
        WHERE i.dossier_id = f.dossier_id AND i.organisation_id = $1 AND i.foreign_sequence >= f.sequence{{whose}}
        OFFSET 0
    ) i
    CROSS JOIN LATERAL (
        SELECT * FROM event e WHERE e.dossier_id = f.dossier_id AND e.sequence = f.sequence OFFSET 0
    ) e
    WHERE f.sequence > i.seen AND e.organisation_id <> $1 AND {_SHOWN}
    ORDER BY e.recorded_at DESC, e.sequence DESC LIMIT $3
)
"""  # noqa: S608 - put together from our own texts
TEAM_LOOKBACK = 1000
"""How many of the organisation's latest feed entries are looked through for what is new to a team."""


# By each name: what the planner expects of an array of unknown length makes it read the whole organisation.
_OF_MANY = """(
        SELECT t.* FROM unnest({names}) n (name)
        CROSS JOIN LATERAL (
            SELECT * FROM inbox_thread t
            WHERE t.organisation_id = $1 AND t.counsellor_id = n.name AND {turn} OFFSET 0
        ) t
        UNION ALL
        SELECT * FROM inbox_threads_also($4::text[]) WHERE organisation_id = $1 AND counsellor_id <> ALL ({names})
    )"""


def _items(yours_of: str, theirs_of: str, news: str) -> str:
    yours = _THREADS.format(group="yourTurn", turn="t.your_turn", threads=yours_of, order="t.due_at, t.thread_id")
    theirs = _THREADS.format(group="theirTurn", turn="NOT t.your_turn", threads=theirs_of, order="t.since, t.thread_id")
    items = f"{yours} UNION ALL {theirs} UNION ALL {news}"
    return f"SELECT q.*, {KEY_OF.format('q')} AS keys FROM ({items}) q"  # noqa: S608 - put together from our own texts


def _of_names(yours: str, theirs: str, told: str, news: str) -> str:
    # What is nobody's is everybody's turn: it must not wait unseen because nobody was named.
    return _items(_OF_NAMES.format(names=yours, told=told), _OF_NAMES.format(names=theirs, told=told), news)


OF_COUNSELLOR = _of_names(
    "ARRAY[$2::text, $4::text, '']", "ARRAY[$2::text, $4::text]", "ARRAY[$2::text, $4::text]", _NEWS_OF_COUNSELLOR
)
OF_TEAM = _items(
    _OF_MANY.format(names="$4::text[] || ''::text", turn="t.your_turn"),
    _OF_MANY.format(names="$4::text[]", turn="NOT t.your_turn"),
    _NEWS_OF_MANY.format(lookback=TEAM_LOOKBACK, whose=" AND i.counsellors && $4::text[]"),
)
OF_ORGANISATION = _items(_OF_ALL, _OF_ALL, _NEWS_OF_MANY.format(lookback=TEAM_LOOKBACK, whose=""))
"""$1 organisation, $2 counsellor or "", $3 the most of each group; OF_COUNSELLOR: $4 their team's token, or NO_TEAM;
OF_TEAM: $4 who is in it, and its token."""
NO_TEAM = "/"
"""Names no team, and is nobody's id."""

SEEN = """
INSERT INTO inbox_seen AS s (organisation_id, counsellor_id, dossier_id, sequence)
SELECT $1, $2, d.dossier_id, least(max(q.sequence), d.version)
FROM unnest($3::uuid[], $4::integer[]) AS q (dossier_id, sequence)
JOIN inbox_dossier i ON i.dossier_id = q.dossier_id AND i.organisation_id = $1
JOIN dossier d ON d.dossier_id = q.dossier_id
WHERE q.sequence > 0
GROUP BY d.dossier_id ORDER BY d.dossier_id
ON CONFLICT (organisation_id, counsellor_id, dossier_id) DO UPDATE SET sequence = excluded.sequence
WHERE s.sequence < excluded.sequence
"""
_UNSEEN = f"""
SELECT i.dossier_id, n.unseen
FROM (
    SELECT i.dossier_id, i.organisation_id, i.foreign_sequence, i.hidden, i.shown,
           greatest(i.entered - 1, {_SEEN}) AS seen
    FROM {{which}}
    OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT count(*) AS unseen FROM event e
    WHERE e.dossier_id = i.dossier_id AND e.sequence > i.seen AND e.organisation_id <> $1 AND {_SHOWN}
) n
WHERE i.organisation_id = $1 AND i.foreign_sequence > i.seen
"""  # noqa: S608 - put together from our own texts
UNSEEN_OF_COUNSELLOR = _UNSEEN.format(which="inbox_dossiers_of($2) i")
UNSEEN_OF_DOSSIERS = _UNSEEN.format(which="inbox_dossier i WHERE i.dossier_id = ANY ($3::uuid[])")

_CARDS = f"""
SELECT i.dossier_id, i.card, {KEY_OF.format("i")} AS keys FROM {{which}} i WHERE i.organisation_id = $1 LIMIT $3
"""  # noqa: S608 - put together from our own texts
CARDS_OF_NAMES = _CARDS.format(
    which="(SELECT DISTINCT ON (d.dossier_id) d.* FROM unnest($2::text[]) n (name), inbox_dossiers_of(n.name) d)"
)
CARDS_OF_ORGANISATION = _CARDS.format(which="inbox_dossier").replace("$3", "$2")
"""The clients to look through for a name: $1 organisation, $2 counsellors (of names), the last the most of them."""
