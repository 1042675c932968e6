SELECT 
  status,
  COUNT(*) as game_count,
  AVG(retry_count) as avg_retries,
  MAX(retry_count) as max_retries
FROM tracked_games
WHERE detected_at > NOW() - INTERVAL '24 hours'
GROUP BY status;
