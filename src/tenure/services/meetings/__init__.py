"""Meetings: bots that attend video meetings for users, each in a process of its own.

    lifecycle    users, keys, meetings, sessions, segments: the table from which the rest follows
    service      the parts put together; `kinds`, `MeetingsService`
    attendance   what users ask of bots      booking    what they ask for, checked     archive    their meetings, read
    accounts     users and their keys        callbacks  what bots report
    loops        starting, ending and reconciling bots
    webhooks     what is posted to users     usage      what they used           retention  for how long it is kept
    api/http     `create_app`: the API from the tables in `api/bots`, `api/meetings`, `api/webhooks` and `api/admin`
    runtimes     what bots run in, processes or containers, behind the contract in `runtime`; `choosing` opens it
    following    meetings live, for sockets (`api/websocket`) and for the pages of operators and users (`console`)
    bot          the bot's own program       page       the local meeting page

This module imports nothing: the bot's program starts from here, and shall start fast.
"""
