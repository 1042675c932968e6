"""The page of those who run the tracker: each player with games and results, what waits, what is wrong; live.

http         the routes              acting    what forms do
reading      players, games, lists   words     states, events and results in plain words
rendering    templates, styles and the script
"""
