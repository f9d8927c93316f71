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
