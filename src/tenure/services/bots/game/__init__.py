"""The game that matches are played in: the contract that it implements, its client, and a local one."""
