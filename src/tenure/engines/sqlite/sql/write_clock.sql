-- In: ?1 JSON array of [sequence, instant read]. Counts this write.
UPDATE tenure_clock SET writes = writes + 1, sequence = max(sequence, coalesce(?1->>0, 0)),
                        read_at = max(read_at, coalesce(?1->>1, 0))
