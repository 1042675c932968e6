-- In: $1 records. Out: those that have a message which waits.
SELECT DISTINCT record FROM tenure_messages WHERE record = ANY ($1::bigint[]) AND NOT given_up
