"""A Riot API of our own, on this machine: accounts, games that go on, matches, and all that goes wrong with them."""
