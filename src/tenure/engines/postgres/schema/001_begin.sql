-- Step 1: everything. Names that begin with `tenure_` lie in the schema of the store; see `statements.py`.
--
-- Invariant: no index, and no condition of one, names a column of `tenure_records` that a transition changes. So its
-- updates stay on their page (HOT) and touch no index. What must be found stands beside the record, in narrow tables
-- that are written only when their value changes. All of it follows from the record; `tenure doctor` proves it.
--
-- Texts that are compared are in the collation "C": the order of their bytes, the same on every server.

CREATE TABLE tenure_spaces (
    space       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    swept_at    bigint NOT NULL DEFAULT 0,
    alive_until bigint NOT NULL DEFAULT 0,
    outages     text NOT NULL DEFAULT '[]',
    seal        text NOT NULL DEFAULT ''
) WITH (fillfactor = 50);

-- Positions, and the last instant read. A sequence is never set back, also not by a transaction that comes to nothing.
CREATE SEQUENCE tenure_positions AS bigint MINVALUE 0 START 0;
CREATE SEQUENCE tenure_clock AS bigint MINVALUE 0 START 0;

-- Draws so many positions, the first of which is given, and reads the clock. To be called once all locks are held:
-- so a record's positions rise with its versions, and its time never goes back.
--
-- Until this transaction ends it holds a mark, which says that positions from the first one on are under way:
-- `tenure_horizon` tells how far all is decided. A mark is the position in units of 1024, as a shared lock that
-- nobody ever waits for. The one lock that is waited for is let go of here, within microseconds.
CREATE FUNCTION tenure_draw(number bigint, at bigint, OUT now bigint, OUT first bigint) LANGUAGE plpgsql AS $$
DECLARE
    marks integer := (('tenure_positions'::regclass::oid::bigint << 32) >> 32)::integer;
    gate  integer := (('tenure_clock'::regclass::oid::bigint << 32) >> 32)::integer;
BEGIN
    PERFORM pg_advisory_lock(gate, 0);
    BEGIN
        SELECT greatest(last_value, coalesce(at, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint))
        INTO now FROM tenure_clock;
        PERFORM setval('tenure_clock', now);
        SELECT greatest(last_value + 1, now) INTO first FROM tenure_positions;
        IF number > 0 THEN
            PERFORM pg_advisory_xact_lock_shared(marks, (((first >> 10) << 32) >> 32)::integer);
            PERFORM setval('tenure_positions', first + number - 1);
        END IF;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        PERFORM pg_advisory_unlock(gate, 0);
        RAISE;
    END;
    PERFORM pg_advisory_unlock(gate, 0);
END
$$;

-- Gives back what was drawn after `last_used`, unless others have drawn since.
CREATE FUNCTION tenure_give_back(last_drawn bigint, last_used bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gate integer := (('tenure_clock'::regclass::oid::bigint << 32) >> 32)::integer;
BEGIN
    PERFORM pg_advisory_lock(gate, 0);
    BEGIN
        PERFORM setval('tenure_positions', last_used) FROM tenure_positions WHERE last_value = last_drawn;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        PERFORM pg_advisory_unlock(gate, 0);
        RAISE;
    END;
    PERFORM pg_advisory_unlock(gate, 0);
END
$$;

-- Lets this transaction write to a space, if that is not sealed; who seals it waits for all that were let in before.
CREATE FUNCTION tenure_enter(asked integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    doors  integer := (('tenure_spaces'::regclass::oid::bigint << 32) >> 32)::integer;
    reason text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(doors, asked);
    SELECT seal INTO reason FROM tenure_spaces WHERE space = asked;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such space any more' USING ERRCODE = 'TN002';
    ELSIF reason <> '' THEN
        RAISE EXCEPTION '%', reason USING ERRCODE = 'TN001';
    END IF;
END
$$;

-- Waits until nobody writes to a space, and lets nobody in until this transaction ends.
CREATE FUNCTION tenure_close(asked integer) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock((('tenure_spaces'::regclass::oid::bigint << 32) >> 32)::integer, asked)
$$;

-- Lets positions and the clock be no earlier than these.
CREATE FUNCTION tenure_advance(last bigint, at bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gate integer := (('tenure_clock'::regclass::oid::bigint << 32) >> 32)::integer;
BEGIN
    PERFORM pg_advisory_xact_lock(gate, 0);
    PERFORM setval('tenure_positions', greatest(last, (SELECT last_value FROM tenure_positions))),
            setval('tenure_clock', greatest(at, (SELECT last_value FROM tenure_clock)));
END
$$;

-- Tells the last position drawn, and up to which all is decided: what is there up to `horizon` is all that there will
-- ever be. Both are read at the gate, so that nobody draws or gives back in between; the events are read in a later
-- statement. The tempting wrong version reads the highest position there is, and skips what commits late.
CREATE FUNCTION tenure_horizon(OUT last bigint, OUT horizon bigint) LANGUAGE plpgsql AS $$
DECLARE
    marks bigint  := 'tenure_positions'::regclass::oid;
    gate  integer := (('tenure_clock'::regclass::oid::bigint << 32) >> 32)::integer;
BEGIN
    PERFORM pg_advisory_lock_shared(gate, 0);
    BEGIN
        SELECT last_value INTO last FROM tenure_positions;
        SELECT (min((last >> 10) - (((last >> 10) - l.objid::bigint) & 4294967295)) << 10) - 1 INTO horizon
        FROM pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.classid::bigint = marks AND l.objsubid = 2
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (((last >> 10) - l.objid::bigint) & 4294967295) < 2147483648;  -- else it is later than `last`
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        PERFORM pg_advisory_unlock_shared(gate, 0);
        RAISE;
    END;
    PERFORM pg_advisory_unlock_shared(gate, 0);
    horizon := least(last, horizon);
END
$$;

CREATE TABLE tenure_kinds (
    kind        text COLLATE "C" PRIMARY KEY,
    declaration text NOT NULL,
    indexed     text NOT NULL,
    opened_at   bigint NOT NULL
);

-- What each build of the program that runs here makes stand beside a kind's records; see `Table.indexed`.
CREATE TABLE tenure_builds (
    kind    text COLLATE "C" NOT NULL,
    build   text COLLATE "C" NOT NULL,
    indexed text NOT NULL,
    seen_at bigint NOT NULL,
    PRIMARY KEY (kind, build)
);

-- A record's number is the position of its first event, unless it was loaded from elsewhere: then that is only what it
-- was `born` with. A removed record keeps its row, without a state, as long as
-- it has a history; if its id is used again, that is another row. `removed` says the same as an empty state, in a
-- column of its own, since an index whose condition names `state` would be written with every transition.
CREATE TABLE tenure_records (
    record     bigint PRIMARY KEY,
    space      integer NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    state      text COLLATE "C",
    removed    boolean NOT NULL DEFAULT false,
    version    bigint NOT NULL,
    fence      bigint NOT NULL,
    holder     text,
    created_at bigint NOT NULL,
    entered_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    beaten_at  bigint NOT NULL,
    told       bigint NOT NULL,
    seen       bigint NOT NULL,
    born       bigint NOT NULL,
    look_at    bigint,
    fields     text NOT NULL,
    rest       text NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE UNIQUE INDEX ON tenure_records (space, kind, id) WHERE NOT removed;
CREATE INDEX ON tenure_records (space, kind, id) WHERE removed;

CREATE TABLE tenure_states (
    space  integer NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    state  text COLLATE "C" NOT NULL,
    record bigint NOT NULL,
    PRIMARY KEY (space, kind, state, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Events, by day, so that a day's are dropped at once when they were kept long enough. Those that must stay longer
-- (a living record's last, a command that its holder has not seen, an effect that waits) move to day 0 before that.
CREATE TABLE tenure_events (
    position bigint NOT NULL,
    record   bigint NOT NULL,
    version  bigint NOT NULL,
    at       bigint NOT NULL,
    fence    bigint NOT NULL,
    day      integer NOT NULL,
    space    integer NOT NULL,
    by       text NOT NULL,
    name     text NOT NULL,
    source   text NOT NULL,
    target   text NOT NULL,
    why      text NOT NULL,
    op       text COLLATE "C" NOT NULL,
    note     text NOT NULL,
    unread   text
) PARTITION BY LIST (day);
CREATE INDEX ON tenure_events (position, space);
CREATE INDEX ON tenure_events (record, version);
CREATE TABLE tenure_events_0 PARTITION OF tenure_events FOR VALUES IN (0);

CREATE TABLE tenure_ops (
    space  integer NOT NULL,
    op     text COLLATE "C" NOT NULL,
    at     bigint NOT NULL,
    digest text NOT NULL,
    answer text NOT NULL,
    PRIMARY KEY (space, op)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ON tenure_ops USING brin (at) WITH (autosummarize = on, pages_per_range = 32);

-- When to look at a record: never later than its deadline, and perhaps earlier, so that a beat writes nothing here.
CREATE TABLE tenure_due (
    space  integer NOT NULL,
    at     bigint NOT NULL,
    record bigint NOT NULL,
    PRIMARY KEY (space, at, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE tenure_ranks (
    space  integer NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    state  text COLLATE "C" NOT NULL,
    per    text COLLATE "C" NOT NULL,
    value  double precision NOT NULL,
    record bigint NOT NULL,
    PRIMARY KEY (space, kind, state, per, value, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE tenure_slots (
    space integer NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    name  text COLLATE "C" NOT NULL,
    key   text COLLATE "C" NOT NULL,
    held  bigint NOT NULL,
    PRIMARY KEY (space, kind, name, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE tenure_holders (
    space  integer NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    name   text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    record bigint NOT NULL,
    PRIMARY KEY (space, kind, name, key, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE tenure_children (
    space  integer NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    id     text COLLATE "C" NOT NULL,
    record bigint NOT NULL,
    PRIMARY KEY (space, kind, id, record)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- How many records are in a state: the sum of its rows. Each connection counts in a row of its own, so that none
-- waits for another.
CREATE TABLE tenure_counts (
    space  integer NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    state  text COLLATE "C" NOT NULL,
    part   integer NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (space, kind, state, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE tenure_serials (
    space integer NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    last  bigint NOT NULL,
    PRIMARY KEY (space, kind, field)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Effects that wait. `next_at` is empty while an earlier message of the same record waits, and once given up.
CREATE TABLE tenure_messages (
    record     bigint NOT NULL,
    effect     text COLLATE "C" NOT NULL,
    position   bigint NOT NULL,
    space      integer NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    next_at    bigint,
    tries      integer NOT NULL DEFAULT 0,
    token      bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    given_up   boolean NOT NULL DEFAULT false,
    error      text NOT NULL DEFAULT '',
    PRIMARY KEY (record, effect, position)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ON tenure_messages (space, kind, effect, next_at, position) WHERE next_at IS NOT NULL;
CREATE INDEX ON tenure_messages (space, position);

-- How far the history of each length of keeping has been looked through.
CREATE TABLE tenure_pruned (
    space    integer NOT NULL,
    history  bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (space, history)
);
