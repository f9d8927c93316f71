#!/bin/bash
# Run once, by PostgreSQL's image on an empty database: the logins of the API and of the worker, which own nothing.
set -euo pipefail

psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set api="$API_PASSWORD" --set worker="$WORKER_PASSWORD" <<'SQL'
CREATE ROLE handover_app NOLOGIN;
CREATE ROLE handover_worker NOLOGIN;
CREATE ROLE handover_api LOGIN NOINHERIT PASSWORD :'api';
CREATE ROLE handover_jobs LOGIN NOINHERIT PASSWORD :'worker';
GRANT handover_app TO handover_api;
GRANT handover_worker TO handover_jobs;
SQL
