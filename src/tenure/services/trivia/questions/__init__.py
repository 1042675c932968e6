"""Where questions come from: the pack that comes along, packs of one's own, and the Open Trivia Database."""
