"""SQLite: one file, one writer's thread, group commit."""
