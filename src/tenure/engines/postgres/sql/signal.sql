-- In: channels and payloads, in the order in which they are heard. A payload that comes twice in one transaction is
-- heard once, so each bears a number.
SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS signals (channel, payload)
