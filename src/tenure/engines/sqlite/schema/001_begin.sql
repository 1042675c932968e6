-- Step 1: everything.
--
-- Beside each record stands what must be found without reading it: its rank, the slots it holds, its parents,
-- and when to look at it. All of it follows from the record; `tenure doctor` proves it.

CREATE TABLE tenure_spaces (
    space       INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    swept_at    INTEGER NOT NULL DEFAULT 0,
    alive_until INTEGER NOT NULL DEFAULT 0,
    outages     TEXT NOT NULL DEFAULT '[]',
    ops_pruned  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One row: the sequence that gives events their positions and holders their fences, the last instant read, and the
-- stamp of the last write, by which a batch that was decided ahead knows whether it still holds.
CREATE TABLE tenure_clock (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    read_at  INTEGER NOT NULL,
    stamp    INTEGER NOT NULL
) STRICT;
INSERT INTO tenure_clock VALUES (1, 0, 0, 0);

CREATE TABLE tenure_kinds (
    kind        TEXT PRIMARY KEY,
    declaration TEXT NOT NULL,
    indexed     TEXT NOT NULL,
    opened_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each build of the program that runs here makes stand beside a kind's records; see `Table.indexed`.
CREATE TABLE tenure_builds (
    kind    TEXT NOT NULL,
    indexed TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (kind, indexed)
) STRICT, WITHOUT ROWID;

-- A removed record keeps its row, without a state, as long as it has a history; if its id is used again, that is
-- another row. `born` is the position of the record's first event. `removed` says the same as an empty state, in a
-- column of its own, since an index whose condition names `state` would be written with every transition.
CREATE TABLE tenure_records (
    record     INTEGER PRIMARY KEY,
    space      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    state      TEXT,
    removed    INTEGER NOT NULL DEFAULT 0,
    version    INTEGER NOT NULL,
    fence      INTEGER NOT NULL,
    holder     TEXT,
    created_at INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    beaten_at  INTEGER NOT NULL,
    told       INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    born       INTEGER NOT NULL,
    look_at    INTEGER,
    fields     TEXT NOT NULL,
    rest       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenure_records_by_id ON tenure_records (space, kind, id) WHERE removed = 0;
CREATE INDEX tenure_records_removed ON tenure_records (space, kind, id) WHERE removed = 1;
CREATE INDEX tenure_records_by_state ON tenure_records (space, kind, state);

CREATE TABLE tenure_events (
    position INTEGER PRIMARY KEY,
    space    INTEGER NOT NULL,
    record   INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    name     TEXT NOT NULL,
    source   TEXT NOT NULL,
    target   TEXT NOT NULL,
    fence    INTEGER NOT NULL,
    why      TEXT NOT NULL,
    op       TEXT NOT NULL,
    note     TEXT NOT NULL,
    unread   TEXT
) STRICT;
CREATE INDEX tenure_events_by_record ON tenure_events (record, version);

CREATE TABLE tenure_ops (
    space  INTEGER NOT NULL,
    op     TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (space, op)
) STRICT, WITHOUT ROWID;

-- When to look at a record: never later than its deadline, and perhaps earlier, so that a beat writes nothing here.
CREATE TABLE tenure_due (
    space  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (space, at, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_ranks (
    space  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    state  TEXT NOT NULL,
    per    TEXT NOT NULL,
    value  REAL NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (space, kind, state, per, value, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_slots (
    space INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL,
    key   TEXT NOT NULL,
    held  INTEGER NOT NULL,
    PRIMARY KEY (space, kind, name, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_holders (
    space  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    key    TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (space, kind, name, key, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_children (
    space  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (space, kind, id, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_counts (
    space  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    state  TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (space, kind, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_serials (
    space INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    field TEXT NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (space, kind, field)
) STRICT, WITHOUT ROWID;

-- Effects that wait. `next_at` is empty while an earlier message of the same record waits, and once given up.
CREATE TABLE tenure_messages (
    space      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    effect     TEXT NOT NULL,
    record     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    next_at    INTEGER,
    tries      INTEGER NOT NULL DEFAULT 0,
    token      INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    given_up   INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (record, effect, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX tenure_messages_by_time ON tenure_messages (space, kind, effect, next_at, position) WHERE next_at IS NOT NULL;

-- How far the history of each length of keeping has been looked through.
CREATE TABLE tenure_pruned (
    space    INTEGER NOT NULL,
    history  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (space, history)
) STRICT, WITHOUT ROWID;
