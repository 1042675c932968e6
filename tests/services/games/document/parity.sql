WITH game_comparison AS (
  SELECT 
    'legacy' as system,
    COUNT(DISTINCT game_id) as unique_games,
    COUNT(*) as total_rows,
    MAX(created_at) as latest_entry
  FROM game_states 
  WHERE created_at > NOW() - INTERVAL '1 hour'
    AND game_id IS NOT NULL
  UNION ALL
  SELECT 
    'new' as system,
    COUNT(DISTINCT game_id) as unique_games,
    COUNT(*) as total_rows,
    MAX(detected_at) as latest_entry
  FROM tracked_games 
  WHERE detected_at > NOW() - INTERVAL '1 hour'
)
SELECT * FROM game_comparison;
