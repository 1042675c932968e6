"""The HTTP API of the stand-in."""
