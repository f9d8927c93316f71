-- Every event in the order of the feed, once: a leaf of one growing Merkle tree. `nodes`: the leaf's hash, then those of
-- the complete subtrees that end with it, 32 bytes each. Nothing here is ever changed.
CREATE TABLE log_leaf (
    position bigint PRIMARY KEY,
    dossier_id uuid NOT NULL,
    sequence integer NOT NULL,
    nodes bytea NOT NULL,
    UNIQUE (dossier_id, sequence)
);
-- How far into the feed the leaves go; whoever adds to them holds this row.
INSERT INTO projection (name, xid, position) VALUES ('log', '0', 0) ON CONFLICT DO NOTHING;

-- The tree's root at a size, as a signed note.
CREATE TABLE checkpoint (
    size bigint PRIMARY KEY,
    note text NOT NULL,
    signed_at timestamptz NOT NULL
);

-- The last checkpoint that a subscription took. Each says all that the ones before it said, so only the latest goes out.
CREATE TABLE checkpoint_delivery (
    subscription_id uuid PRIMARY KEY REFERENCES subscription,
    size bigint NOT NULL DEFAULT -1,
    delivered_at timestamptz,
    due_at timestamptz NOT NULL,
    failures smallint NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT ''
);
