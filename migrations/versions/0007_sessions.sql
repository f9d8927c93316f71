-- Who is signed in. `digest`: SHA-256 of what the browser holds, so whoever reads this table cannot become anyone.
-- `provider_subject`, `provider_session`: keyed digests of the identity provider's `sub` and `sid`, by which it ends
-- sessions. `id_token`: sealed with a key that only the browser's secret gives.
CREATE TABLE session (
    digest bytea PRIMARY KEY,
    organisation_id text NOT NULL,
    counsellor_id text NOT NULL,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    provider_subject bytea,
    provider_session bytea,
    id_token bytea
);
CREATE INDEX session_by_age ON session (created_at);
CREATE INDEX session_by_provider_subject ON session (provider_subject) WHERE provider_subject IS NOT NULL;
CREATE INDEX session_by_provider_session ON session (provider_session) WHERE provider_session IS NOT NULL;

-- Someone who went to the identity provider and is not back yet; `state` and `browser` as SHA-256. Used once.
CREATE TABLE sign_in (
    state bytea PRIMARY KEY,
    browser bytea NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX sign_in_by_age ON sign_in (created_at);

-- Tables of their own, because the version before reads every column of `organisation` and `counsellor`.
-- By which identifier (`vo_id`) the identity provider knows a counsellor; one person may work for several organisations.
CREATE TABLE counsellor_subject (
    counsellor_id text PRIMARY KEY REFERENCES counsellor,
    subject text NOT NULL
);
CREATE INDEX counsellor_by_subject ON counsellor_subject (subject);
-- Which enterprise number an organisation of the Flemish government has.
CREATE TABLE ovo_code (
    ovo_code text PRIMARY KEY,
    enterprise_number text NOT NULL
);
