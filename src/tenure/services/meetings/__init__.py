"""Meetings: bots that attend video meetings for users, each in a process of its own.

    lifecycle    users, keys, meetings, sessions, segments: the table from which the rest follows
    service      the parts put together; `kinds`, `MeetingsService`
    attendance   what users ask for          accounts   users and their keys
    callbacks    what bots report            loops      starting, ending and reconciling bots
    webhooks     what is posted to users     usage      what they used           retention  for how long it is kept
    http         `create_app`: the API from the table in `endpoints`
    runtimes     what bots run in, processes or containers, behind the contract in `runtime`; `choosing` opens it
    bot          the bot's own program       page       the local meeting page

This module imports nothing: the bot's program starts from here, and shall start fast.
"""
