SELECT COUNT(*) as high_retry_games
FROM tracked_games
WHERE detected_at > NOW() - INTERVAL '1 hour'
  AND retry_count >= 3;
