"""Battles: games of a few players over sockets, behind any number of server processes that may die."""
