-- The one door to write: many commands, one statement, one transaction. Each command gets its own answer:
-- recorded, conflict (the dossier moved on, or the SSIN is taken: load and decide again), or repeat (this
-- idempotency key was used before; the fingerprint tells whether for the same request).
-- c_* are arrays with one element per command, e_* one per event, f_* one per event and entitled organisation.
CREATE FUNCTION append_events(
    p_at timestamptz,
    c_dossier uuid[], c_expected integer[], c_version integer[], c_head bytea[], c_state bytea[],
    c_organisation text[], c_key text[], c_fingerprint bytea[],
    c_digest bytea[], c_digest_version smallint[], c_ssin bytea[],
    e_command integer[], e_sequence integer[], e_id uuid[], e_type text[], e_thread uuid[],
    e_organisation text[], e_body bytea[], e_link bytea[],
    f_event integer[], f_organisation text[]
) RETURNS TABLE (
    command integer, outcome text, fingerprint bytea, dossier_id uuid, first_sequence integer, last_sequence integer
) LANGUAGE plpgsql
-- Its plans are made once per connection, perhaps while the tables are still empty: never scan, always look up.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_candidates integer[];
    v_taken integer[];
    v_accepted integer[];
BEGIN
    -- Always in the same order, so that two processes never wait for each other.
    PERFORM 1 FROM dossier d WHERE d.dossier_id = ANY (c_dossier) ORDER BY d.dossier_id FOR UPDATE;

    SELECT coalesce(array_agg(c.n), '{}') INTO v_candidates
    FROM unnest(c_dossier, c_expected) WITH ORDINALITY AS c (dossier_id, expected, n)
    LEFT JOIN dossier d USING (dossier_id)
    WHERE coalesce(d.version, 0) = c.expected;

    IF c_digest IS NOT NULL THEN
        WITH claimed AS (
            INSERT INTO ssin_lookup (digest, key_version, dossier_id)
            SELECT c_digest[n], c_digest_version[n], c_dossier[n]
            FROM unnest(v_candidates) AS n WHERE c_digest[n] IS NOT NULL
            ON CONFLICT DO NOTHING
            RETURNING dossier_id
        )
        SELECT coalesce(array_agg(n), '{}') INTO v_taken
        FROM unnest(v_candidates) AS n
        WHERE c_digest[n] IS NOT NULL AND c_dossier[n] NOT IN (SELECT dossier_id FROM claimed);
        v_candidates := ARRAY(SELECT n FROM unnest(v_candidates) AS n WHERE NOT n = ANY (v_taken));
    END IF;

    WITH kept AS (
        INSERT INTO idempotency (
            organisation_id, key, fingerprint, dossier_id, first_sequence, last_sequence, recorded_at
        )
        SELECT c_organisation[n], c_key[n], c_fingerprint[n], c_dossier[n], c_expected[n] + 1, c_version[n], p_at
        FROM unnest(v_candidates) AS n WHERE c_key[n] IS NOT NULL
        ORDER BY c_organisation[n], c_key[n]
        ON CONFLICT DO NOTHING
        RETURNING organisation_id, key, dossier_id
    )
    SELECT coalesce(array_agg(n), '{}') INTO v_accepted
    FROM unnest(v_candidates) AS n
    WHERE c_key[n] IS NULL
       OR (c_organisation[n], c_key[n], c_dossier[n]) IN (SELECT organisation_id, key, dossier_id FROM kept);

    IF c_digest IS NOT NULL THEN
        -- A repeated request must leave no trace of its own.
        DELETE FROM ssin_lookup s USING unnest(v_candidates) AS n
        WHERE s.dossier_id = c_dossier[n] AND s.digest = c_digest[n] AND NOT n = ANY (v_accepted);
        INSERT INTO dossier (dossier_id, version, head, state, ssin_sealed, opened_at)
        SELECT c_dossier[n], c_version[n], c_head[n], c_state[n], c_ssin[n], p_at
        FROM unnest(v_accepted) AS n WHERE c_expected[n] = 0;
    END IF;

    UPDATE dossier d SET version = c_version[n], head = c_head[n], state = c_state[n]
    FROM unnest(v_accepted) AS n
    WHERE d.dossier_id = c_dossier[n] AND c_expected[n] > 0 AND c_version[n] > c_expected[n];

    INSERT INTO event (
        dossier_id, sequence, event_id, type, thread_id, organisation_id, recorded_at, body, link
    )
    SELECT c_dossier[e.command], e.sequence, e.id, e.type, e.thread, e.organisation, p_at, e.body, e.link
    FROM unnest(e_command, e_sequence, e_id, e_type, e_thread, e_organisation, e_body, e_link)
        AS e (command, sequence, id, type, thread, organisation, body, link)
    WHERE e.command = ANY (v_accepted);

    INSERT INTO feed (organisation_id, dossier_id, sequence)
    SELECT f_organisation[i], c_dossier[e_command[f_event[i]]], e_sequence[f_event[i]]
    FROM generate_subscripts(f_event, 1) AS i
    WHERE e_command[f_event[i]] = ANY (v_accepted);

    WITH queued AS (
        INSERT INTO delivery (dossier_id, subscription_id, sequence, enqueued_at)
        SELECT c_dossier[e_command[f_event[i]]], s.subscription_id, e_sequence[f_event[i]], p_at
        FROM generate_subscripts(f_event, 1) AS i
        JOIN subscription s ON s.organisation_id = f_organisation[i]
        WHERE e_command[f_event[i]] = ANY (v_accepted)
          AND s.status IN ('active', 'paused')
          AND (s.event_types IS NULL OR e_type[f_event[i]] = ANY (s.event_types))
        RETURNING dossier_id, subscription_id, sequence
    )
    INSERT INTO lane AS l (dossier_id, subscription_id, waiting, head, due_at)
    SELECT q.dossier_id, q.subscription_id, count(*), min(q.sequence), p_at
    FROM queued q GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (dossier_id, subscription_id) DO UPDATE
        SET waiting = l.waiting + excluded.waiting,
            due_at = CASE WHEN l.dead IS NULL THEN coalesce(l.due_at, excluded.due_at) ELSE l.due_at END;

    RETURN QUERY
    SELECT c.n::integer,
           CASE WHEN c.n = ANY (v_accepted) THEN 'recorded' WHEN k.key IS NOT NULL THEN 'repeat' ELSE 'conflict' END,
           k.fingerprint, k.dossier_id, k.first_sequence, k.last_sequence
    FROM generate_subscripts(c_dossier, 1) AS c (n)
    LEFT JOIN idempotency k
        ON NOT c.n = ANY (v_accepted) AND k.organisation_id = c_organisation[c.n] AND k.key = c_key[c.n];
END $$;

-- What a decision needs, for many commands at once: the dossier, and what the idempotency key was used for.
CREATE FUNCTION load_dossiers(c_dossier uuid[], c_organisation text[], c_key text[])
RETURNS TABLE (
    version integer, head bytea, state bytea,
    fingerprint bytea, used_dossier uuid, first_sequence integer, last_sequence integer
) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT d.version, d.head, d.state, k.fingerprint, k.dossier_id, k.first_sequence, k.last_sequence
    FROM unnest(c_dossier, c_organisation, c_key) WITH ORDINALITY AS q (dossier_id, organisation_id, key, n)
    LEFT JOIN dossier d ON d.dossier_id = q.dossier_id
    LEFT JOIN idempotency k ON k.organisation_id = q.organisation_id AND k.key = q.key
    ORDER BY q.n;
END $$;
