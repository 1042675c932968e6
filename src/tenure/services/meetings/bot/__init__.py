"""The bot: a program of its own that attends one meeting and reports to the server.

settings   what it is told at its start, as `BOT_CONFIG` in its environment
server     its signed calls to the server, and the commands that come back
driver     what it needs of a meeting; one small file per platform implements it
local      the driver of the project's own meeting page
life       one run: report, join, watch, obey, leave
"""
