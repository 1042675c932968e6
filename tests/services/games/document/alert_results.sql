SELECT COUNT(*) as missing_results
FROM tracked_games
WHERE status = 'COMPLETED'
  AND game_result_data IS NULL
  AND completed_at > NOW() - INTERVAL '1 hour';
