-- Who answers requests has the role `handover_app`: it owns nothing, changes the journal through append_sealed only, and
-- sees the rows of the organisations that the transaction says it asks for (set_config 'handover.organisation'; none
-- said, none seen). Who works through queues, and operators, have `handover_worker`: all rows, but no events to change.
-- The owner of the tables only migrates.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['handover_app', 'handover_worker'] LOOP
        -- Roles are of the whole server: another database of it may have made them.
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION asking() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN string_to_array(current_setting('handover.organisation', true), ',');

-- What passes the wall, and no more: each of these runs as the owner, so each says itself what it gives.

-- The dossier that a number leads to: only who has the number, and the lookup key, can ask.
CREATE FUNCTION find_number(p_digests bytea[])
RETURNS TABLE (dossier_id uuid, replaced boolean, state bytea, ssin_sealed bytea, keys bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY
    SELECT s.dossier_id, s.replaced, d.state, d.ssin_sealed, k.content || k.confidential
    FROM ssin_lookup s
    JOIN dossier d ON d.dossier_id = s.dossier_id
    LEFT JOIN keys.dossier_key k ON k.dossier_id = s.dossier_id
    WHERE s.digest = ANY (p_digests);
END $$;

-- How steps in a dossier of one's own stand with the software of the others.
CREATE FUNCTION delivery_marks(p_dossier uuid, p_sequences integer[], p_late timestamptz)
RETURNS TABLE (sequence integer, organisation_id text, delivered boolean, delivered_at timestamptz, failed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY
    SELECT d.sequence, s.organisation_id, bool_and(d.delivered_at IS NOT NULL), max(d.delivered_at),
           bool_or(d.delivered_at IS NULL AND (d.state IN ('dead', 'skipped') OR d.enqueued_at < p_late))
    FROM delivery d JOIN subscription s ON s.subscription_id = d.subscription_id AND s.status <> 'deleted'
    WHERE d.dossier_id = p_dossier AND d.sequence = ANY (p_sequences) AND EXISTS (
        SELECT FROM inscribed i WHERE i.dossier_id = p_dossier AND i.organisation_id = ANY (asking())
    )
    GROUP BY d.sequence, s.organisation_id;
END $$;

-- How many queues wait since before a moment, a thousand at most: a figure, and nothing of whom.
CREATE FUNCTION lanes_late(p_before timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM (SELECT FROM lane WHERE due_at < p_before AND failures = 0 LIMIT 1000) AS waiting
    );
END $$;

-- Whether dossiers have no keys at all: a restored database whose keys were not put back.
CREATE FUNCTION keys_missing() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    -- They are put back all together, so one is enough to know, and the dossiers need not be read.
    IF EXISTS (SELECT FROM keys.dossier_key) THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM dossier WHERE erased_at IS NULL);
END $$;

-- A counsellor's dossiers, and the threads that somebody is told of as well, of those asked for. Conditions on arrays do
-- not pass a wall (their operators are not leakproof), and then the index of counsellors would be of no use.
CREATE FUNCTION inbox_dossiers_of(p_counsellor text) RETURNS SETOF inbox_dossier
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 60 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM inbox_dossier i WHERE i.counsellors @> ARRAY[p_counsellor] AND i.organisation_id = ANY (asking());
END $$;
CREATE FUNCTION inbox_threads_also(p_names text[]) RETURNS SETOF inbox_thread
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM inbox_thread t WHERE t.also && p_names AND t.organisation_id = ANY (asking());
END $$;

ALTER FUNCTION load_sealed SECURITY DEFINER;
ALTER FUNCTION append_sealed SECURITY DEFINER;

DO $$
DECLARE
    v_name regprocedure;
BEGIN
    -- What runs as the owner finds its tables where they are, whatever the caller set.
    FOR v_name IN
        SELECT p.oid FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', v_name, current_schema());
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO handover_app, handover_worker', current_schema());
    EXECUTE format('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO handover_worker', current_schema());
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO handover_worker', current_schema()
    );
END $$;

-- The journal grows through append_sealed, for the worker too.
REVOKE INSERT, UPDATE, DELETE ON event, feed, inscribed, dossier, alembic_version FROM handover_worker;
REVOKE UPDATE, DELETE ON log_leaf, checkpoint FROM handover_worker;
-- Erasing takes what was made of a dossier's keys, and putting keys back does so for what has none any more.
GRANT UPDATE (ssin_sealed, erased_at, state) ON dossier TO handover_worker;
GRANT USAGE ON SCHEMA keys TO handover_app, handover_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON keys.dossier_key TO handover_worker;

GRANT EXECUTE ON FUNCTION
    asking, find_number, delivery_marks, lanes_late, keys_missing, inbox_dossiers_of, inbox_threads_also,
    load_sealed, append_sealed, queue_again, requeue_deliveries, recount_lanes, release_lanes
TO handover_app;
GRANT SELECT ON
    alembic_version, organisation, counsellor, counsellor_subject, ovo_code, legal_basis, dossier, event, feed,
    inscribed, inbox_dossier, inbox_thread, log_leaf, checkpoint, keys.dossier_key
TO handover_app;
GRANT SELECT, INSERT ON agreement_history, access_log, break_glass TO handover_app;
GRANT SELECT, INSERT, UPDATE ON
    agreement, ssin_lookup, subscription, delivery, lane, replay_job, inbox_seen
TO handover_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON offer, request_once, session, sign_in TO handover_app;
-- A number that was replaced: the dossier is kept under another value.
GRANT UPDATE (ssin_sealed) ON dossier TO handover_app;
