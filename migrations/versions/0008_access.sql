-- Who looked at what: one line for each dossier that a request showed, and for each request that was denied. Never a name
-- or a national number: `counsellor_id` is who looked, `dossier_id` about whom. `reference` is the request's trace id.
-- `role`, `relation`, `legal_basis_id`: in which capacity. `outcome`: seen, denied, breakGlass, notFound (a search).
CREATE TABLE access_log (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference uuid NOT NULL,
    at timestamptz NOT NULL,
    organisation_id text NOT NULL,
    service text NOT NULL,
    application text NOT NULL,
    counsellor_id text NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    role text NOT NULL,
    relation text NOT NULL,
    legal_basis_id text NOT NULL,
    dossier_id uuid
);
CREATE INDEX access_log_of_dossier ON access_log (dossier_id, entry) WHERE dossier_id IS NOT NULL;
CREATE INDEX access_log_of_organisation ON access_log (organisation_id, entry);
CREATE INDEX access_log_by_age ON access_log (at);

-- Someone opened a dossier that others work on. `reason`: sealed with the dossier's key, for it may name the client.
CREATE TABLE break_glass (
    break_glass_id uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL,
    reason bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX break_glass_of_counsellor ON break_glass (counsellor_id, dossier_id, until);
CREATE INDEX break_glass_of_organisation ON break_glass (organisation_id, opened_at, break_glass_id);
CREATE INDEX break_glass_by_age ON break_glass (opened_at);

-- Both only grow. What is younger than a year cannot go at all, whatever the setting says (see record/housekeeping.py).
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND (to_jsonb(OLD) ->> TG_ARGV[0])::timestamptz < now() - interval '1 year' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER access_log_stays BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change('at');
CREATE TRIGGER access_log_is_whole BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('at');
CREATE TRIGGER break_glass_stays BEFORE UPDATE OR DELETE ON break_glass
    FOR EACH ROW EXECUTE FUNCTION refuse_change('opened_at');
CREATE TRIGGER break_glass_is_whole BEFORE TRUNCATE ON break_glass
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('opened_at');
