CREATE TABLE tracked_players (
    id SERIAL PRIMARY KEY,
    game_name VARCHAR(16) NOT NULL,
    tag_line VARCHAR(5) NOT NULL
);

CREATE TABLE tracked_games (
    id SERIAL PRIMARY KEY,
    player_id INTEGER NOT NULL REFERENCES tracked_players(id) ON DELETE CASCADE,
    game_id VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'ACTIVE',
    detected_at TIMESTAMP NOT NULL DEFAULT NOW(),
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    queue_type VARCHAR(50),
    game_result_data JSONB,
    duration_seconds INTEGER,
    raw_api_response TEXT,
    last_error TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT uq_tracked_games_player_game UNIQUE (player_id, game_id)
);
CREATE INDEX idx_tracked_games_status ON tracked_games (status);
CREATE INDEX idx_tracked_games_player_status ON tracked_games (player_id, status);
CREATE INDEX idx_tracked_games_detected ON tracked_games (detected_at DESC);
CREATE INDEX idx_tracked_games_completed ON tracked_games (completed_at DESC) WHERE completed_at IS NOT NULL;
