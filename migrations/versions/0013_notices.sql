-- What a counsellor wants to hear outside the screens. Nothing of clients stands in any of these tables.
CREATE TABLE notice_preference (
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL REFERENCES counsellor ON DELETE CASCADE,
    language text NOT NULL,
    daily_mail boolean NOT NULL DEFAULT false,
    mail_hour smallint NOT NULL DEFAULT 8 CHECK (mail_hour BETWEEN 0 AND 23),
    -- The first day of which they get a summary: whoever asks for it in the afternoon gets none at once.
    mail_from date NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, counsellor_id)
);
CREATE INDEX notice_preference_by_hour ON notice_preference (mail_hour) WHERE daily_mail;

-- How the latest daily summary of each stands: one row each, of the latest day that one was due. Claimed with a lease
-- (`due_at`) and a fence; `settled_at` with its outcome (`sent`, `nothing`, `refused`) once it is over for that day.
CREATE TABLE daily_summary (
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL,
    day date NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    fence bigint NOT NULL DEFAULT 1,
    failures smallint NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'sent', 'nothing', 'refused')),
    settled_at timestamptz,
    PRIMARY KEY (organisation_id, counsellor_id),
    FOREIGN KEY (organisation_id, counsellor_id) REFERENCES notice_preference ON DELETE CASCADE
);
CREATE INDEX daily_summary_unsettled ON daily_summary (started_at) WHERE settled_at IS NULL;

-- A browser that shows a notice when something comes on its counsellor's turn. `endpoint` is the address at the push
-- service of the browser's maker, `digest` its SHA-256, `browser` what to call it ("Firefox, Windows"). `told_at`: up to
-- when turns have been told; `due_at`: not before.
CREATE TABLE push_subscription (
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL REFERENCES counsellor ON DELETE CASCADE,
    digest bytea NOT NULL,
    endpoint text NOT NULL,
    browser text NOT NULL,
    created_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    pushed_at timestamptz,
    due_at timestamptz NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    failures smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, counsellor_id, digest)
);
CREATE INDEX push_subscription_due ON push_subscription (due_at);

-- How many summaries of a day wait since before a moment, a thousand at most: a figure, and nothing of whom.
CREATE FUNCTION summaries_late(p_day date, p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM (
            SELECT FROM daily_summary WHERE settled_at IS NULL AND started_at < p_before AND day = p_day LIMIT 1000
        ) AS waiting
    );
END $$;

DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION summaries_late(date, timestamptz) SET search_path = %I, pg_temp', current_schema()
    );
END $$;
REVOKE EXECUTE ON FUNCTION summaries_late FROM PUBLIC;
GRANT EXECUTE ON FUNCTION summaries_late TO handover_app, handover_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON notice_preference, daily_summary, push_subscription TO handover_worker;
GRANT SELECT, INSERT, UPDATE ON notice_preference TO handover_app;
GRANT SELECT, INSERT, DELETE ON push_subscription TO handover_app;
-- The same browser asked for again.
GRANT UPDATE (browser, told_at, due_at, failures) ON push_subscription TO handover_app;

ALTER TABLE notice_preference ENABLE ROW LEVEL SECURITY;
ALTER TABLE daily_summary ENABLE ROW LEVEL SECURITY;
ALTER TABLE push_subscription ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker ON notice_preference TO handover_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON daily_summary TO handover_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON push_subscription TO handover_worker USING (true) WITH CHECK (true);
CREATE POLICY app ON notice_preference TO handover_app USING (organisation_id = ANY ((SELECT asking())::text[]));
CREATE POLICY app ON push_subscription TO handover_app USING (organisation_id = ANY ((SELECT asking())::text[]));
