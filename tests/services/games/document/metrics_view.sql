CREATE VIEW game_tracking_metrics AS
SELECT 
  DATE_TRUNC('hour', detected_at) as hour,
  COUNT(*) as games_detected,
  COUNT(CASE WHEN status = 'COMPLETED' THEN 1 END) as games_completed,
  COUNT(CASE WHEN status = 'ACTIVE' THEN 1 END) as games_active,
  AVG(CASE WHEN status = 'COMPLETED' THEN duration_seconds END) as avg_duration,
  MAX(retry_count) as max_retries,
  COUNT(CASE WHEN retry_count > 0 THEN 1 END) as games_with_retries
FROM tracked_games
GROUP BY DATE_TRUNC('hour', detected_at);
