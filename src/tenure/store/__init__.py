"""The face that services use: one store over one engine."""
