-- What verifies a subscription's v1a signatures; '' until its next rotation where the secret is older than this.
ALTER TABLE subscription ADD COLUMN public_key text NOT NULL DEFAULT '';

-- The hosts that an organisation's webhooks may go to: `name`, or `*.name` for all below it.
ALTER TABLE organisation ADD COLUMN webhook_hosts text[] NOT NULL DEFAULT '{}';

-- A period that is sent again: the worker queues a page at a time, as fast as the receiver takes it, and writes down
-- in the same transaction how far it came. `which`: all of it, what is dead, or what was never queued.
CREATE TABLE replay_job (
    job_id uuid PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES subscription,
    which text NOT NULL,
    since timestamptz,
    until timestamptz,
    xid xid8 NOT NULL,
    position bigint NOT NULL,
    -- Whatever committed before the job was made lies before this transaction.
    horizon xid8 NOT NULL,
    queued integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX replay_job_to_do ON replay_job (created_at) WHERE finished_at IS NULL;
CREATE INDEX replay_job_of_subscription ON replay_job (subscription_id, created_at);

-- Queue deliveries again, or for the first time; what is pending stays as it is. p_which: 'all', 'dead' (only what was
-- given up) or 'missing' (only what was never queued). Answers how many are pending that were not.
CREATE FUNCTION queue_again(
    p_at timestamptz, p_subscription uuid, p_which text, r_dossier uuid[], r_sequence integer[]
) RETURNS integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_dossier uuid[] := r_dossier;
    v_sequence integer[] := r_sequence;
    v_changed uuid[];
BEGIN
    IF p_which = 'dead' THEN
        SELECT coalesce(array_agg(d.dossier_id), '{}'), coalesce(array_agg(d.sequence), '{}')
        INTO v_dossier, v_sequence
        FROM unnest(r_dossier, r_sequence) AS r (dossier_id, sequence)
        JOIN delivery d ON d.dossier_id = r.dossier_id AND d.subscription_id = p_subscription
            AND d.sequence = r.sequence AND d.state = 'dead';
    END IF;
    INSERT INTO lane (dossier_id, subscription_id, waiting)
    SELECT DISTINCT r.dossier_id, p_subscription, 0 FROM unnest(v_dossier) AS r (dossier_id) ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM lane l WHERE l.subscription_id = p_subscription AND l.dossier_id = ANY (v_dossier)
    ORDER BY l.dossier_id FOR UPDATE;

    WITH queued AS (
        INSERT INTO delivery AS d (dossier_id, subscription_id, sequence, enqueued_at)
        SELECT r.dossier_id, p_subscription, r.sequence, p_at
        FROM unnest(v_dossier, v_sequence) AS r (dossier_id, sequence) ORDER BY 1, 3
        ON CONFLICT (dossier_id, subscription_id, sequence) DO UPDATE SET state = 'pending', settled_at = NULL
        WHERE d.state <> 'pending' AND p_which <> 'missing'
        RETURNING dossier_id
    )
    SELECT coalesce(array_agg(dossier_id), '{}') INTO v_changed FROM queued;
    PERFORM recount_lanes(p_at, p_subscription, v_changed);
    RETURN cardinality(v_changed);
END $$;
