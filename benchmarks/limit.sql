-- The same rows as one posted step writes, without HTTP, token, policy and decision: what PostgreSQL can do here.
-- Ids, versions and sizes are real: the event is the dossier's latest one again, its state is written anew. That
-- state then tells an older version than its row, so these are dossiers that nobody else writes to: every second.
CREATE TABLE bench_dossier (
    n integer PRIMARY KEY, dossier_id uuid NOT NULL, type text NOT NULL, thread_id uuid, body bytea NOT NULL
);
INSERT INTO bench_dossier
SELECT row_number() OVER (ORDER BY d.dossier_id) - 1, d.dossier_id, e.type, e.thread_id, e.body
FROM (SELECT *, row_number() OVER (ORDER BY dossier_id) AS place FROM dossier) d
JOIN event e ON e.dossier_id = d.dossier_id AND e.sequence = d.version
WHERE d.place % 2 = 0;
ANALYZE;

CREATE FUNCTION bench_append(p_n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b bench_dossier;
    d dossier;
    v_outcome text;
BEGIN
    SELECT * INTO b FROM bench_dossier WHERE n = p_n;
    SELECT * INTO d FROM dossier WHERE dossier_id = b.dossier_id;
    SELECT outcome INTO v_outcome FROM append_events(
        clock_timestamp(),
        ARRAY[b.dossier_id], ARRAY[d.version], ARRAY[d.version + 1], ARRAY[d.head], ARRAY[d.state],
        ARRAY['ocmw-lindedal'], ARRAY[gen_random_uuid()::text], ARRAY[d.head],
        NULL, NULL, NULL,
        ARRAY[1], ARRAY[d.version + 1], ARRAY[uuidv7()], ARRAY[b.type], ARRAY[b.thread_id],
        ARRAY['ocmw-lindedal'], ARRAY[b.body], ARRAY[d.head],
        ARRAY[1, 1], ARRAY['ocmw-lindedal', 'vdab']
    );
    IF v_outcome <> 'recorded' THEN
        RAISE EXCEPTION 'not recorded: %', v_outcome;
    END IF;
END $$;

-- The same rows once more, by plain statements for one event. append_events is made for many commands at once and
-- pays for its arrays on every call; this is as little as PostgreSQL can be asked to do for these rows.
CREATE FUNCTION bench_append_plain(p_n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b bench_dossier;
    d dossier;
    v_at timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO b FROM bench_dossier WHERE n = p_n;
    SELECT * INTO d FROM dossier WHERE dossier_id = b.dossier_id FOR UPDATE;
    INSERT INTO idempotency VALUES (
        'ocmw-lindedal', gen_random_uuid()::text, d.head, d.dossier_id, d.version + 1, d.version + 1, v_at
    ) ON CONFLICT DO NOTHING;
    UPDATE dossier SET version = d.version + 1, head = d.head, state = d.state
    WHERE dossier_id = d.dossier_id AND version = d.version;
    INSERT INTO event VALUES (
        d.dossier_id, d.version + 1, uuidv7(), b.type, b.thread_id, 'ocmw-lindedal', v_at, b.body, d.head
    );
    INSERT INTO feed (organisation_id, dossier_id, sequence)
    VALUES ('ocmw-lindedal', d.dossier_id, d.version + 1), ('vdab', d.dossier_id, d.version + 1);
    INSERT INTO delivery (dossier_id, subscription_id, sequence, enqueued_at)
    SELECT d.dossier_id, s.subscription_id, d.version + 1, v_at FROM subscription s
    WHERE s.organisation_id IN ('ocmw-lindedal', 'vdab') AND s.status IN ('active', 'paused');
    INSERT INTO lane AS l (dossier_id, subscription_id, waiting, head, due_at)
    SELECT d.dossier_id, s.subscription_id, 1, d.version + 1, v_at FROM subscription s
    WHERE s.organisation_id IN ('ocmw-lindedal', 'vdab') AND s.status IN ('active', 'paused')
    ON CONFLICT (dossier_id, subscription_id) DO UPDATE
        SET waiting = l.waiting + 1, due_at = coalesce(l.due_at, excluded.due_at);
END $$;
