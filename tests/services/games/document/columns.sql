SELECT table_name, column_name, data_type 
  FROM information_schema.columns 
  WHERE table_name = 'tracked_games'
  ORDER BY ordinal_position;
