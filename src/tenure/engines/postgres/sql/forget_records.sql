-- In: $1 records that are gone, and whose events are, too. Removes the last trace of them.
WITH messages AS (DELETE FROM tenure_messages WHERE record = ANY ($1::bigint[]))
DELETE FROM tenure_records WHERE record = ANY ($1::bigint[]) AND removed
