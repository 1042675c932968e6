-- In: ?1 space, ?2 record after which to look. When removed records are looked at, which nothing else says.
INSERT INTO tenure_due (space, at, record)
SELECT space, look_at, record FROM tenure_records WHERE space = ?1 AND record > ?2 AND removed = 1 AND look_at IS NOT NULL
