"""The game to play with: a page on which somebody enters a name, is matched, and plays wizards by turns.

It is a client of the protocol like any other, and shows what one does: a token for each connection, a cursor, the same
id for what is sent again. Who plays is known by a cookie, so nobody plays as somebody else.

http         the routes: the page, its assets, and tokens
players      who plays: the name that somebody chose, and what belongs to their browser alone
"""
