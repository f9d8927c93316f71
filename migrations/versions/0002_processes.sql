-- The same opaque value for every account of one human being: four eyes are two people, not two accounts.
ALTER TABLE counsellor ADD COLUMN person text NOT NULL DEFAULT '';

-- A cooperation agreement between one OCMW and VDAB; `terms` as the domain writes them. `version` is its ETag.
CREATE TABLE agreement (
    agreement_id uuid PRIMARY KEY,
    ocmw text NOT NULL REFERENCES organisation,
    vdab text NOT NULL REFERENCES organisation,
    terms jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    version integer NOT NULL DEFAULT 1,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
-- Every version as it was written, and by whom: who wonders why a date was what it was looks here.
CREATE TABLE agreement_history (
    LIKE agreement,
    PRIMARY KEY (agreement_id, version)
);
CREATE INDEX agreement_by_ocmw ON agreement (ocmw);
CREATE INDEX agreement_by_vdab ON agreement (vdab);

-- The offer map: who offers what, where, for whom. What is searched for stands beside the whole; '{}' means for all.
CREATE TABLE offer (
    offer_id uuid PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    kind text NOT NULL,
    title text NOT NULL,
    instrument text NOT NULL,
    places text[] NOT NULL,
    target_groups text[] NOT NULL,
    barriers text[] NOT NULL,
    words text NOT NULL,
    body jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    version integer NOT NULL DEFAULT 1,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX offer_by_organisation ON offer (organisation_id);

-- A replaced number still finds the dossier, so that whoever uses it can be told that it was replaced.
ALTER TABLE ssin_lookup ADD COLUMN replaced boolean NOT NULL DEFAULT false;

-- `thin`: an event's webhook says where to read it. `full`: it also carries what the receiver may see when it is sent.
ALTER TABLE subscription ADD COLUMN content text NOT NULL DEFAULT 'thin' CHECK (content IN ('thin', 'full'));

-- Kinds of which an organisation sees no step (labels and non-cooperation, for other partners), and the threads of
-- those kinds in which it takes part after all. Empty for an OCMW or VDAB.
ALTER TABLE inbox_dossier ADD COLUMN hidden text[] NOT NULL DEFAULT '{}';
ALTER TABLE inbox_dossier ADD COLUMN shown uuid[] NOT NULL DEFAULT '{}';

-- In whose inboxes a thread is besides that of `counsellor_id`: counsellors by their id, a team as
-- `organisation/team`. Filled by the ladder; few rows have any.
ALTER TABLE inbox_thread ADD COLUMN also text[] NOT NULL DEFAULT '{}';
CREATE INDEX inbox_thread_also ON inbox_thread USING gin (also) WITH (fastupdate = off);

-- When time itself next changes something in a dossier (a rung of the ladder, a mandate that ends, an inscription
-- that closes); projected with the inbox, read by the schedulers.
CREATE TABLE wake (
    dossier_id uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX wake_in_order ON wake (at);
-- So that the projector goes over every dossier once and fills it.
UPDATE projection SET xid = '0', position = 0 WHERE name = 'inbox';
