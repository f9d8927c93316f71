"""The inbox's queries: one statement gives all three groups, the same columns for each.

Two texts, because one that fits both "mine" and "everybody's" would use the index of neither.
"""

_THREADS = """
(
    SELECT '{group}' AS "group", t.dossier_id, t.thread_id, t.due_at, t.since, t.card,
           NULL::uuid AS event_id, NULL::integer AS sequence, NULL::text AS type, NULL::text AS author,
           NULL::bytea AS body
    FROM inbox_thread t
    WHERE t.organisation_id = $1 AND {turn} {whose}
    ORDER BY {order} LIMIT $3
)
"""
_NEWS_OF_COUNSELLOR = """
(
    SELECT 'news', i.dossier_id, e.thread_id, NULL::timestamptz, e.recorded_at, i.card,
           e.event_id, e.sequence, e.type, e.organisation_id, e.body
    FROM inbox_dossier i
    LEFT JOIN inbox_seen s
        ON s.organisation_id = i.organisation_id AND s.counsellor_id = $2 AND s.dossier_id = i.dossier_id
    CROSS JOIN LATERAL (
        SELECT * FROM event e
        WHERE e.dossier_id = i.dossier_id AND e.sequence > greatest(s.sequence, i.sees_from - 1)
          AND e.organisation_id <> $1
        ORDER BY e.sequence DESC LIMIT $3
    ) e
    WHERE i.organisation_id = $1 AND i.counsellors @> ARRAY[$2::text]
      AND i.foreign_sequence > coalesce(s.sequence, 0)
    ORDER BY e.recorded_at DESC, e.sequence DESC LIMIT $3
)
"""
# An organisation may follow a hundred thousand dossiers: what is new is looked for at the end of its feed.
_NEWS_OF_TEAM = """
(
    SELECT 'news', i.dossier_id, e.thread_id, NULL::timestamptz, e.recorded_at, i.card,
           e.event_id, e.sequence, e.type, e.organisation_id, e.body
    FROM (
        SELECT dossier_id, sequence FROM feed WHERE organisation_id = $1
        ORDER BY xid DESC, position DESC LIMIT {lookback}
    ) f
    JOIN inbox_dossier i
        ON i.dossier_id = f.dossier_id AND i.organisation_id = $1 AND f.sequence >= i.sees_from
    JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence AND e.organisation_id <> $1
    LEFT JOIN inbox_seen s ON s.organisation_id = $1 AND s.counsellor_id = $2 AND s.dossier_id = f.dossier_id
    WHERE f.sequence > coalesce(s.sequence, 0)
    ORDER BY e.recorded_at DESC, e.sequence DESC LIMIT $3
)
"""
TEAM_LOOKBACK = 1000
"""How many of the organisation's latest feed entries are looked through for what is new to a team."""


def _items(whose_turn: str, whose: str, news: str) -> str:
    yours = _THREADS.format(
        group="yourTurn", turn="t.your_turn", whose=whose_turn, order="t.due_at, t.thread_id"
    )
    theirs = _THREADS.format(
        group="theirTurn", turn="NOT t.your_turn", whose=whose, order="t.since, t.thread_id"
    )
    return f"{yours} UNION ALL {theirs} UNION ALL {news}"


# What is nobody's is everybody's turn: it must not wait unseen because nobody was named.
OF_COUNSELLOR = _items(
    "AND t.counsellor_id IN ($2::text, '')", "AND t.counsellor_id = $2::text", _NEWS_OF_COUNSELLOR
)
OF_TEAM = _items("", "", _NEWS_OF_TEAM.format(lookback=TEAM_LOOKBACK))
"""$1 organisation, $2 counsellor or "", $3 the most of each group."""

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
_UNSEEN = """
SELECT i.dossier_id, n.unseen
FROM inbox_dossier i
LEFT JOIN inbox_seen s
    ON s.organisation_id = i.organisation_id AND s.counsellor_id = $2 AND s.dossier_id = i.dossier_id
CROSS JOIN LATERAL (
    SELECT count(*) AS unseen FROM event e
    WHERE e.dossier_id = i.dossier_id AND e.sequence > greatest(s.sequence, i.sees_from - 1)
      AND e.organisation_id <> $1
) n
WHERE i.organisation_id = $1 AND i.foreign_sequence > coalesce(s.sequence, 0) AND
"""
UNSEEN_OF_COUNSELLOR = f"{_UNSEEN} i.counsellors @> ARRAY[$2::text]"
UNSEEN_OF_DOSSIERS = f"{_UNSEEN} i.dossier_id = ANY ($3::uuid[])"
