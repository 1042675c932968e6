"""A page for each player: what they play, how it came out; for whoever has its link, and of nobody else.

links        the links: signed, one per player, revocable     lifecycle   the record of a link
http         the routes, and how the page stays live          reading     what is shown
rendering    templates, style and script
"""
