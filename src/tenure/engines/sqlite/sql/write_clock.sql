-- In: ?1 JSON array of [sequence, instant read, stamp or null]. A counter in place of the stamp would be wrong: after
-- another's write, and a batch of ours that turned out to write nothing, it would be what the next batch expects.
UPDATE tenure_clock SET sequence = max(sequence, coalesce(?1->>0, 0)), read_at = max(read_at, coalesce(?1->>1, 0)),
                        stamp = coalesce(?1->>2, random())
