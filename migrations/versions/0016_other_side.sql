-- By which public keys the software of an organisation signs what it sends us (Standard Webhooks v1a, `whpk_...`). There
-- is nothing secret here; who may change it decides who is believed.
CREATE TABLE sender_key (
    key_id uuid PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    public_key text NOT NULL,
    created_at timestamptz NOT NULL,
    heard_at timestamptz,
    UNIQUE (organisation_id, public_key)
);

-- Asked before it is known who asks: the keys of organisations of one kind.
CREATE FUNCTION sender_keys(p_kind text)
RETURNS TABLE (key_id uuid, organisation_id text, public_key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.key_id, s.organisation_id, s.public_key
    FROM sender_key s JOIN organisation o ON o.organisation_id = s.organisation_id WHERE o.kind = p_kind;
END $$;

-- When a key was last used, to the minute: whoever looks wants to know whether anything comes at all.
CREATE FUNCTION heard_from(p_key uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE sender_key SET heard_at = p_at
    WHERE key_id = p_key AND (heard_at IS NULL OR heard_at < p_at - interval '1 minute');
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION sender_keys(text) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION heard_from(uuid, timestamptz) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION sender_keys, heard_from FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sender_keys, heard_from TO handover_app, handover_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON sender_key TO handover_worker;

ALTER TABLE sender_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker ON sender_key TO handover_worker USING (true) WITH CHECK (true);
