-- In: $1 space, $2 kind, $3 effect, $4 now (empty: the server's clock). Out: a row if one is due.
SELECT 1 FROM tenure_messages
WHERE space = $1 AND kind = $2 AND effect = $3 AND next_at IS NOT NULL
  AND next_at <= coalesce($4, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) LIMIT 1
