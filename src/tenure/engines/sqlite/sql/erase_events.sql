-- In: ?1 record, ?2 version. Empties the parameters and reasons of the record's earlier events.
UPDATE tenure_events SET note = '{}', why = '' WHERE record = ?1 AND version < ?2
