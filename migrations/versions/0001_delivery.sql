-- What the worker and the people who help a parked lane along may do to the outbox. Every function locks lanes
-- first, in the order (dossier, subscription) that append_events uses too, so that nobody waits in a circle.

-- Record what became of claimed lanes: l_* are arrays with one element per lane, d_* one per attempted delivery
-- (d_lane counts from 1). Only who still holds the fence is heard. All changes of a lane are relative to what it
-- is now, because the journal may have added to it, or a person resent in it, since it was claimed.
-- Answers the numbers of the lanes that were still held, and whether they may be claimed again at once.
CREATE FUNCTION settle_lanes(
    p_at timestamptz,
    l_dossier uuid[], l_subscription uuid[], l_fence bigint[], l_head integer[], l_next_head integer[],
    l_due timestamptz[], l_failures smallint[], l_dead integer[], l_gone boolean[],
    d_lane integer[], d_sequence integer[], d_state text[], d_attempts smallint[], d_status smallint[],
    d_error text[], d_previous integer[]
) RETURNS TABLE (number integer, due boolean) LANGUAGE plpgsql
-- A plan that was made while the tables were small must not stay with scans of whole tables.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_held integer[];
BEGIN
    SELECT coalesce(array_agg(h.n), '{}') INTO v_held FROM (
        SELECT q.n::integer AS n
        FROM unnest(l_dossier, l_subscription, l_fence) WITH ORDINALITY AS q (dossier_id, subscription_id, fence, n)
        JOIN lane l ON l.dossier_id = q.dossier_id AND l.subscription_id = q.subscription_id AND l.fence = q.fence
        ORDER BY l.dossier_id, l.subscription_id
        FOR UPDATE OF l
    ) h;

    IF true = ANY (l_gone) THEN
        UPDATE subscription s
        SET status = 'disabled', status_reason = 'The address answered 410 Gone.', changed_at = p_at,
            missed_from = pg_snapshot_xmin(pg_current_snapshot()), down_since = NULL, probe_at = NULL
        FROM unnest(v_held) AS n
        WHERE l_gone[n] AND s.subscription_id = l_subscription[n] AND s.status IN ('active', 'paused');
    END IF;

    RETURN QUERY
    WITH tried AS (
        UPDATE delivery d
        SET state = t.state, attempts = t.attempts, last_status = t.status, last_error = t.error,
            previous_sequence = coalesce(d.previous_sequence, t.previous),
            settled_at = CASE WHEN t.state = 'pending' THEN d.settled_at ELSE p_at END,
            delivered_at = CASE WHEN t.state = 'succeeded' THEN coalesce(d.delivered_at, p_at) ELSE d.delivered_at END
        FROM unnest(d_lane, d_sequence, d_state, d_attempts, d_status, d_error, d_previous)
            AS t (lane, sequence, state, attempts, status, error, previous)
        WHERE t.lane = ANY (v_held) AND d.dossier_id = l_dossier[t.lane]
          AND d.subscription_id = l_subscription[t.lane] AND d.sequence = t.sequence AND d.state = 'pending'
        RETURNING t.lane, t.sequence, t.state
    ), done AS (
        SELECT lane, count(*) FILTER (WHERE state <> 'pending') AS settled,
               max(sequence) FILTER (WHERE state = 'succeeded') AS sent,
               max(sequence) FILTER (WHERE state <> 'succeeded') AS failed
        FROM tried GROUP BY lane
    )
    UPDATE lane l
    SET waiting = l.waiting - coalesce(x.settled, 0),
        sent = greatest(l.sent, x.sent),
        head = CASE WHEN l.head < l_head[n] THEN l.head ELSE l_next_head[n] END,
        -- What failed may have been skipped by a person meanwhile: then nothing failed.
        dead = CASE WHEN x.failed = l_dead[n] THEN l_dead[n] ELSE l.dead END,
        failures = CASE
            WHEN x.failed IS NOT NULL THEN l_failures[n] WHEN x.sent IS NOT NULL THEN 0 ELSE l.failures
        END,
        failing_since = CASE
            WHEN x.failed IS NOT NULL THEN coalesce(l.failing_since, p_at)
            WHEN x.sent IS NULL THEN l.failing_since
        END,
        lease_until = NULL,
        due_at = CASE
            WHEN l_dead[n] IN (x.failed, l.dead) AND l.head >= l_head[n] THEN NULL
            WHEN l_due[n] IS NOT NULL AND (l_failures[n] = 0 OR x.failed IS NOT NULL) THEN l_due[n]
            WHEN l.waiting - coalesce(x.settled, 0) > 0 THEN p_at
        END
    FROM unnest(v_held) AS n LEFT JOIN done x ON x.lane = n
    WHERE l.dossier_id = l_dossier[n] AND l.subscription_id = l_subscription[n]
    RETURNING n, coalesce(l.due_at <= p_at, false);
END $$;

-- Count lanes anew from their deliveries: after a person changed some, and where a claim found nothing to send.
-- With a fence, only the lane that is still held under it, which is thereby let go.
CREATE FUNCTION recount_lanes(p_at timestamptz, p_subscription uuid, p_dossiers uuid[], p_fence bigint DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_dossiers uuid[];
BEGIN
    SELECT coalesce(array_agg(h.dossier_id), '{}') INTO v_dossiers FROM (
        SELECT l.dossier_id FROM lane l
        WHERE l.subscription_id = p_subscription AND l.dossier_id = ANY (p_dossiers)
          AND (p_fence IS NULL OR l.fence = p_fence)
        ORDER BY l.dossier_id
        FOR UPDATE
    ) h;
    -- A statement of its own: it sees everything that was committed before the locks were had.
    UPDATE lane l
    SET waiting = c.waiting, head = coalesce(c.head, l.head), dead = c.dead,
        due_at = CASE
            WHEN c.waiting = 0 OR c.dead <= c.head THEN NULL
            WHEN p_fence IS NOT NULL AND l.failures > 0 THEN l.due_at
            ELSE p_at
        END,
        failures = CASE WHEN p_fence IS NULL THEN 0 ELSE l.failures END,
        failing_since = CASE WHEN p_fence IS NOT NULL THEN l.failing_since END,
        lease_until = CASE WHEN p_fence IS NULL THEN l.lease_until END
    FROM (
        SELECT q.dossier_id, count(*) FILTER (WHERE d.state = 'pending') AS waiting,
               min(d.sequence) FILTER (WHERE d.state = 'pending') AS head,
               min(d.sequence) FILTER (WHERE d.state = 'dead') AS dead
        FROM unnest(v_dossiers) AS q (dossier_id)
        LEFT JOIN delivery d ON d.dossier_id = q.dossier_id AND d.subscription_id = p_subscription
        GROUP BY q.dossier_id
    ) c
    WHERE l.subscription_id = p_subscription AND l.dossier_id = c.dossier_id;
END $$;

-- Queue deliveries again, or for the first time; what is pending stays as it is. With p_missing_only, what was
-- delivered, given up or skipped stays so. Answers how many are pending that were not.
CREATE FUNCTION requeue_deliveries(
    p_at timestamptz, p_subscription uuid, p_missing_only boolean, r_dossier uuid[], r_sequence integer[]
) RETURNS integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_changed uuid[];
BEGIN
    INSERT INTO lane (dossier_id, subscription_id, waiting)
    SELECT DISTINCT r.dossier_id, p_subscription, 0 FROM unnest(r_dossier) AS r (dossier_id) ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM lane l WHERE l.subscription_id = p_subscription AND l.dossier_id = ANY (r_dossier)
    ORDER BY l.dossier_id FOR UPDATE;

    WITH queued AS (
        INSERT INTO delivery AS d (dossier_id, subscription_id, sequence, enqueued_at)
        SELECT r.dossier_id, p_subscription, r.sequence, p_at
        FROM unnest(r_dossier, r_sequence) AS r (dossier_id, sequence) ORDER BY 1, 3
        ON CONFLICT (dossier_id, subscription_id, sequence) DO UPDATE SET state = 'pending', settled_at = NULL
        WHERE d.state <> 'pending' AND NOT p_missing_only
        RETURNING dossier_id
    )
    SELECT coalesce(array_agg(dossier_id), '{}') INTO v_changed FROM queued;
    PERFORM recount_lanes(p_at, p_subscription, v_changed);
    RETURN cardinality(v_changed);
END $$;

-- An endpoint answers again: its failing lanes need not sit out their pause. Spread over time (p_pace between two),
-- because what has just come up falls over when everything arrives at once. Answers how many.
CREATE FUNCTION release_lanes(p_at timestamptz, p_subscription uuid, p_pace interval) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_released integer;
BEGIN
    UPDATE subscription SET down_since = NULL, probe_at = NULL
    WHERE subscription_id = p_subscription AND down_since IS NOT NULL;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH resting AS (
        SELECT l.dossier_id FROM lane l
        WHERE l.subscription_id = p_subscription AND l.due_at > p_at AND l.failures > 0
        ORDER BY l.dossier_id FOR UPDATE
    ), numbered AS (
        SELECT dossier_id, row_number() OVER (ORDER BY dossier_id) AS n FROM resting
    )
    UPDATE lane l SET due_at = least(l.due_at, p_at + (n - 1) * p_pace)
    FROM numbered WHERE l.subscription_id = p_subscription AND l.dossier_id = numbered.dossier_id;
    GET DIAGNOSTICS v_released = ROW_COUNT;
    RETURN v_released;
END $$;
