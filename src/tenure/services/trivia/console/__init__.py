"""The page of those who run trivia: guilds, what they asked for, what is asked, what holds it up; live.

http         the routes              acting    what forms do
reading      guilds and lists        one       one registration or game, with its timeline
leading      the boards of a guild
words        states and events in plain words
rendering    templates, styles and the script
"""
