"""The bot: a program of its own that attends one meeting and reports to the server.

settings   what it is told at its start, as `BOT_CONFIG` in its environment
server     its signed calls to the server, and the commands that come back
driver     what it needs of a meeting
drivers    which driver attends: by platform, and by what is installed
browser    the driver for all platforms, in a real browser
local      the driver of the project's own meeting page by plain HTTP
company    when it leaves by itself: nobody else is there, or nobody speaks
life       one run: report, join, wait, watch, obey, leave
"""
