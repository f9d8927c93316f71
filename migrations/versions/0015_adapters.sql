-- How an organisation's own system is joined to its dossiers. `settings` (address, account) is sealed. Claimed with a
-- lease and a fence; `began_at` is of the latest run, `read_at` of the latest that got through. `trouble` says in one
-- word what went wrong since (`away`, `denied`, `changed`, `ours`), `said` the sentence for who runs it. `outcome` counts
-- what the latest run that got through did. Nothing of clients stands here.
CREATE TABLE adapter_link (
    link_id uuid PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    system text NOT NULL,
    settings bytea NOT NULL,
    legal_basis_id text NOT NULL,
    interval_seconds integer NOT NULL CHECK (interval_seconds BETWEEN 1 AND 86400),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    began_at timestamptz,
    read_at timestamptz,
    failures smallint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    trouble text NOT NULL DEFAULT '' CHECK (trouble IN ('', 'away', 'denied', 'changed', 'ours')),
    said text NOT NULL DEFAULT '',
    outcome jsonb NOT NULL DEFAULT '{}',
    UNIQUE (organisation_id, system)
);
CREATE INDEX adapter_link_due ON adapter_link (due_at) WHERE status = 'active';

-- What the latest run could not place, by where it is in the outside system; it goes when a later run can place it.
CREATE TABLE adapter_reject (
    link_id uuid NOT NULL REFERENCES adapter_link ON DELETE CASCADE,
    source text NOT NULL,
    key bigint NOT NULL,
    reason text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (link_id, source, key, reason)
);

-- How many active links have not got through since a moment: a figure, and nothing of whose.
CREATE FUNCTION adapters_stuck(p_since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (SELECT count(*) FROM adapter_link WHERE status = 'active' AND failing_since < p_since);
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION adapters_stuck(timestamptz) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION adapters_stuck FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adapters_stuck TO handover_app, handover_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON adapter_link, adapter_reject TO handover_worker;

ALTER TABLE adapter_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE adapter_reject ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker ON adapter_link TO handover_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON adapter_reject TO handover_worker USING (true) WITH CHECK (true);
