"""Games: every League of Legends and TFT game of the players whom a community tracks, with its result, once."""
