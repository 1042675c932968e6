-- In: $1 record. Waits until no other transaction has it.
SELECT record FROM tenure_records WHERE record = $1 FOR SHARE
