CREATE TABLE game_states (
    id SERIAL PRIMARY KEY,
    player_id INTEGER NOT NULL,
    status VARCHAR(50) NOT NULL,  -- 'NOT_IN_GAME', 'IN_GAME'
    game_id VARCHAR(20),
    queue_type VARCHAR(50),
    game_result_data JSONB,
    duration_seconds INTEGER,
    created_at TIMESTAMP,
    game_start_time TIMESTAMP,
    game_end_time TIMESTAMP,
    raw_api_response TEXT
);
