-- In: ?1 space. Out: stamp, sequence, the last instant read, the last record's number; then the space's credit.
SELECT c.stamp, c.sequence, c.read_at, coalesce((SELECT max(record) FROM tenure_records), 0),
       coalesce(s.swept_at, 0), coalesce(s.alive_until, 0), coalesce(s.outages, '[]')
FROM tenure_clock AS c LEFT JOIN tenure_spaces AS s ON s.space = ?1
