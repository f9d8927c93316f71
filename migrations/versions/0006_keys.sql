-- The data keys of a dossier, wrapped by the key-encryption key whose version is the first byte of each: `content` opens
-- all but confidential fields, `confidential` those. Erasing a dossier deletes its row; backups leave this table out.
CREATE SCHEMA IF NOT EXISTS keys;
CREATE TABLE keys.dossier_key (
    dossier_id uuid PRIMARY KEY,
    content bytea NOT NULL,
    confidential bytea NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The number itself, sealed with the dossier's key, so that it can be looked up by another version of the lookup key.
ALTER TABLE ssin_lookup ADD COLUMN sealed bytea;
CREATE INDEX ssin_lookup_of_dossier ON ssin_lookup (dossier_id);

-- When the personal data of a dossier was erased: its key is gone, and so is what was projected of it.
ALTER TABLE dossier ADD COLUMN erased_at timestamptz;

-- As load_dossiers, with the dossier's data keys as they are stored. What is loaded is sealed with them.
CREATE FUNCTION load_sealed(c_dossier uuid[], c_organisation text[], c_key text[])
RETURNS TABLE (
    version integer, head bytea, state bytea, keys bytea,
    fingerprint bytea, used_dossier uuid, first_sequence integer, last_sequence integer
) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT d.version, d.head, d.state, w.content || w.confidential,
           k.fingerprint, k.dossier_id, k.first_sequence, k.last_sequence
    FROM unnest(c_dossier, c_organisation, c_key) WITH ORDINALITY AS q (dossier_id, organisation_id, key, n)
    LEFT JOIN dossier d ON d.dossier_id = q.dossier_id
    LEFT JOIN keys.dossier_key w ON w.dossier_id = q.dossier_id
    LEFT JOIN idempotency k ON k.organisation_id = q.organisation_id AND k.key = q.key
    ORDER BY q.n;
END $$;

-- As append_events, and keeps the data keys (c_content, c_confidential: as they are stored) of dossiers that open. An
-- opening's id is new, so its dossier is there exactly when the command was recorded.
CREATE FUNCTION append_sealed(
    p_at timestamptz,
    c_dossier uuid[], c_expected integer[], c_version integer[], c_head bytea[], c_state bytea[],
    c_organisation text[], c_key text[], c_fingerprint bytea[],
    c_digest bytea[], c_digest_version smallint[], c_ssin bytea[],
    e_command integer[], e_sequence integer[], e_id uuid[], e_type text[], e_thread uuid[],
    e_organisation text[], e_body bytea[], e_link bytea[],
    f_event integer[], f_organisation text[],
    c_content bytea[], c_confidential bytea[]
) RETURNS TABLE (
    command integer, outcome text, fingerprint bytea, dossier_id uuid, first_sequence integer, last_sequence integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT * FROM append_events(
        p_at, c_dossier, c_expected, c_version, c_head, c_state, c_organisation, c_key, c_fingerprint,
        c_digest, c_digest_version, c_ssin, e_command, e_sequence, e_id, e_type, e_thread, e_organisation,
        e_body, e_link, f_event, f_organisation
    );
    IF c_content IS NOT NULL THEN
        INSERT INTO keys.dossier_key (dossier_id, content, confidential, changed_at)
        SELECT d.dossier_id, c_content[n], c_confidential[n], p_at
        FROM generate_subscripts(c_content, 1) AS n JOIN dossier d ON d.dossier_id = c_dossier[n]
        WHERE c_content[n] IS NOT NULL
        ON CONFLICT DO NOTHING;
        UPDATE ssin_lookup s SET sealed = c_ssin[n]
        FROM generate_subscripts(c_ssin, 1) AS n
        WHERE c_ssin[n] IS NOT NULL AND s.digest = c_digest[n] AND s.dossier_id = c_dossier[n];
    END IF;
END $$;
