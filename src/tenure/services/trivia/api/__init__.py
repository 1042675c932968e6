"""The trivia service over HTTP: `http` puts together the tables of the other modules."""
