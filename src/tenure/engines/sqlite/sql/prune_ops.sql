-- In: ?1 space, ?2 and ?3 positions between which to forget. The events say which op ids are so old.
DELETE FROM tenure_ops WHERE (space, op) IN (
    SELECT space, op FROM tenure_events WHERE position > ?2 AND position <= ?3 AND space = ?1 AND op <> ''
)
