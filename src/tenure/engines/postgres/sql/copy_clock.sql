-- In: $1 space. Out: the last position, the last instant read, and what is known of the space's sweepers.
SELECT p.last_value, c.last_value, s.swept_at, s.alive_until, s.outages
FROM tenure_spaces AS s CROSS JOIN tenure_positions AS p CROSS JOIN tenure_clock AS c WHERE s.space = $1
