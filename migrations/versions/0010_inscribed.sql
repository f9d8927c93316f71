-- Who is or was in a dossier: who ever got one of its events. It stays when an inscription closes, for what was read
-- stays readable; what of it, the policy says. What was recorded before is added by migration 0012.
CREATE TABLE inscribed (
    dossier_id uuid NOT NULL,
    organisation_id text NOT NULL,
    PRIMARY KEY (dossier_id, organisation_id)
);
CREATE FUNCTION note_inscribed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inscribed (dossier_id, organisation_id)
    SELECT DISTINCT a.dossier_id, a.organisation_id FROM added a
    WHERE NOT EXISTS (
        SELECT FROM inscribed i WHERE i.dossier_id = a.dossier_id AND i.organisation_id = a.organisation_id
    )
    ORDER BY 1, 2 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_inscribes AFTER INSERT ON feed REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_inscribed();
