SELECT COUNT(*) as stuck_games
FROM tracked_games
WHERE status = 'ACTIVE'
  AND detected_at < NOW() - INTERVAL '3 hours';
