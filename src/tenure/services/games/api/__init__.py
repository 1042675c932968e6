"""The API over HTTP: a table of endpoints for players, games and results, and for those who operate it."""
