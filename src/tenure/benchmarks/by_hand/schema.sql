-- What one would write by hand for records with a version, events, op ids, deadlines, a queue and a limit.
CREATE TABLE records (
    id         text PRIMARY KEY,
    state      text NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    pool       text,
    rating     integer,
    entered_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    deadline   timestamptz,
    fields     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX records_by_deadline ON records (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX records_by_rating ON records (pool, rating) WHERE state = 'queued';
CREATE TABLE events (
    id      text NOT NULL,
    version bigint NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    by      text NOT NULL,
    name    text NOT NULL,
    source  text NOT NULL,
    target  text NOT NULL,
    op      text NOT NULL,
    note    jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, version)
);
CREATE TABLE ops (op text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE limits (pool text PRIMARY KEY, held bigint NOT NULL DEFAULT 0);
INSERT INTO limits (pool) SELECT 'pool-' || number FROM generate_series(0, 15) AS number;
INSERT INTO records (id, state, pool, rating)
SELECT 'record-' || number, 'left', 'pool-' || number % 16, number % 3000 FROM generate_series(0, 9999) AS number;
