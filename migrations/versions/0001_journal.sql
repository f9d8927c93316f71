-- Directory: who may be named. Changed rarely, cached by every process.
CREATE TABLE organisation (
    organisation_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('ocmw', 'vdab', 'partner')),
    enterprise_number text NOT NULL UNIQUE,
    name text NOT NULL,
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    coordinator text NOT NULL DEFAULT ''
);
CREATE TABLE counsellor (
    counsellor_id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    name text NOT NULL,
    team text NOT NULL DEFAULT '',
    function text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT ''
);
CREATE INDEX counsellor_by_organisation ON counsellor (organisation_id);
CREATE TABLE legal_basis (
    legal_basis_id text PRIMARY KEY,
    title text NOT NULL,
    reference text NOT NULL,
    purposes text[] NOT NULL,
    valid_from date NOT NULL,
    valid_until date
);

-- One row per dossier: its version, the head of its hash chain and its state after the latest event.
-- The state is a cache of the fold; the events are the truth. fillfactor leaves room for in-page updates.
CREATE TABLE dossier (
    dossier_id uuid PRIMARY KEY,
    version integer NOT NULL CHECK (version > 0),
    head bytea NOT NULL,
    state bytea NOT NULL,
    ssin_sealed bytea NOT NULL,
    opened_at timestamptz NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160);
-- Sealed bytes do not compress; trying costs more than the row.
ALTER TABLE dossier ALTER COLUMN state SET STORAGE EXTERNAL;

-- The only way from a national number to a dossier: a keyed hash, so the table alone tells nothing.
CREATE TABLE ssin_lookup (
    digest bytea NOT NULL,
    key_version smallint NOT NULL,
    dossier_id uuid NOT NULL,
    PRIMARY KEY (digest, key_version)
);

CREATE TABLE event (
    dossier_id uuid NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    event_id uuid NOT NULL,
    type text NOT NULL,
    thread_id uuid,
    organisation_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body bytea NOT NULL,
    link bytea NOT NULL,
    PRIMARY KEY (dossier_id, sequence),
    UNIQUE (dossier_id, event_id)
) WITH (toast_tuple_target = 8160);
ALTER TABLE event ALTER COLUMN body SET STORAGE EXTERNAL;

-- Which organisation is entitled to which event, in an order that never shows a later row before an earlier
-- one: (xid, position), read only below the oldest running transaction.
CREATE TABLE feed (
    organisation_id text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position bigint GENERATED ALWAYS AS IDENTITY,
    dossier_id uuid NOT NULL,
    sequence integer NOT NULL,
    PRIMARY KEY (organisation_id, xid, position)
);
CREATE INDEX feed_in_order ON feed (xid, position);

CREATE TABLE idempotency (
    organisation_id text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    dossier_id uuid NOT NULL,
    first_sequence integer NOT NULL,
    last_sequence integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (recorded_at);
-- The same for requests that change something beside the journal: here the sealed answer is kept, none yet while the
-- first request is under way.
CREATE TABLE request_once (
    organisation_id text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    taken_at timestamptz NOT NULL,
    answer bytea,
    PRIMARY KEY (organisation_id, key)
);
CREATE INDEX request_once_by_age ON request_once (taken_at);

-- `secrets` is sealed. `missed_from`: no delivery was queued since that transaction (410 disabled it); `down_since`
-- and `probe_at`: the endpoint does not answer at all, and when it is tried next whatever its lanes say.
CREATE TABLE subscription (
    subscription_id uuid PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    url text NOT NULL,
    event_types text[],
    secrets bytea NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled', 'deleted')),
    status_reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    missed_from xid8,
    down_since timestamptz,
    probe_at timestamptz
);
CREATE INDEX subscription_by_organisation ON subscription (organisation_id);
CREATE INDEX subscription_to_probe ON subscription (probe_at) WHERE probe_at IS NOT NULL;

-- The outbox: one row per event and subscription, kept after success or death. Only columns outside every index
-- change, so that settling stays within the page. `previous_sequence`: what was sent before it (0: nothing).
CREATE TABLE delivery (
    dossier_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    sequence integer NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'succeeded', 'dead', 'skipped')),
    attempts smallint NOT NULL DEFAULT 0,
    last_status smallint,
    last_error text NOT NULL DEFAULT '',
    enqueued_at timestamptz NOT NULL,
    settled_at timestamptz,
    delivered_at timestamptz,
    previous_sequence integer,
    PRIMARY KEY (dossier_id, subscription_id, sequence)
) WITH (fillfactor = 80);
CREATE INDEX delivery_of_subscription ON delivery (subscription_id, enqueued_at, dossier_id, sequence);

-- A lane keeps the order of one dossier to one subscription. Work is claimed by lane: `due_at` is when its head
-- may be tried (null: nothing may go out), `lease_until` and `fence` say who holds it. `waiting` counts what is
-- pending, `head` is no higher than the first of it, `sent` is what went out last, `dead` is the delivery that
-- was given up and stops everything behind it until a person resends or skips it.
CREATE TABLE lane (
    dossier_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    waiting integer NOT NULL,
    head integer NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 0,
    dead integer,
    due_at timestamptz,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    failures smallint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    PRIMARY KEY (dossier_id, subscription_id)
) WITH (fillfactor = 70);
CREATE INDEX lane_due ON lane (subscription_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lane_dead ON lane (subscription_id) WHERE dead IS NOT NULL;

-- The inbox, projected from the journal; one row per organisation and dossier, one per open thread it is part of.
-- `card` holds what a screen shows, encoded and sealed like an event. A step changes no indexed column of
-- `inbox_dossier`, so its rows are updated in place; without fastupdate a reader never walks a pending list.
CREATE TABLE inbox_dossier (
    dossier_id uuid NOT NULL,
    organisation_id text NOT NULL,
    counsellors text[] NOT NULL,
    entered integer NOT NULL,
    version integer NOT NULL,
    foreign_sequence integer NOT NULL,
    card bytea NOT NULL,
    PRIMARY KEY (dossier_id, organisation_id)
) WITH (fillfactor = 70);
CREATE INDEX inbox_dossier_by_organisation ON inbox_dossier (organisation_id, dossier_id);
CREATE INDEX inbox_dossier_by_counsellor ON inbox_dossier USING gin (counsellors) WITH (fastupdate = off);
CREATE TABLE inbox_thread (
    dossier_id uuid NOT NULL,
    organisation_id text NOT NULL,
    thread_id uuid NOT NULL,
    your_turn boolean NOT NULL,
    counsellor_id text NOT NULL,
    due_at timestamptz,
    since timestamptz NOT NULL,
    card bytea NOT NULL,
    PRIMARY KEY (dossier_id, organisation_id, thread_id)
) WITH (fillfactor = 70);
CREATE INDEX inbox_thread_by_counsellor ON inbox_thread (organisation_id, counsellor_id);
CREATE INDEX inbox_thread_your_turn ON inbox_thread (organisation_id, due_at) WHERE your_turn;
CREATE INDEX inbox_thread_their_turn ON inbox_thread (organisation_id, since) WHERE NOT your_turn;

-- Up to where a counsellor has seen a dossier; "" stands for an application.
CREATE TABLE inbox_seen (
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL,
    dossier_id uuid NOT NULL,
    sequence integer NOT NULL,
    PRIMARY KEY (organisation_id, counsellor_id, dossier_id)
);
CREATE TABLE projection (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    position bigint NOT NULL
);
INSERT INTO projection VALUES ('inbox', '0', 0);

-- Progress of long operator work (replay), so that it goes on where a killed one stopped: a place in the feed,
-- and for work that goes dossier by dossier the last one done.
CREATE TABLE replay_progress (
    job text PRIMARY KEY,
    xid xid8 NOT NULL,
    position bigint NOT NULL,
    dossier_id uuid,
    changed_at timestamptz NOT NULL
);

-- What an import from an outside system last recorded for one thing there: the digest of its mapped content (empty:
-- it was being recorded when the import stopped) and how often it changed. Never a national number, nor its hash.
CREATE TABLE inbound_mark (
    organisation_id text NOT NULL,
    system text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    revision integer NOT NULL CHECK (revision >= 0),
    dossier_id uuid NOT NULL,
    thread_id uuid,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, system, key)
);
