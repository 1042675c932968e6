"""Rules of games: what each must say, and the one that comes along."""
