"""The engine on Valkey, and on Redis."""
