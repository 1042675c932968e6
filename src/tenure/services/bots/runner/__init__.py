"""The process that holds bots: it queues them, accepts their matches, and plays by a player that is plugged in."""
