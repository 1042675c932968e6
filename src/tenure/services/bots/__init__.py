"""Bots: kept ready by a fleet manager, queued by rating beside people, matched, played and rotated.

    lifecycle    pools, matches, bots, tickets, players, ratings: the table from which the rest follows
    service      the parts put together; `kinds`, `BotsService`
    pools        made, edited, drained, closed     terms      what of a pool may be asked for, checked
    queueing     tickets: join, leave, look        players    who plays, and whom they never want to meet
    offers       a match till it starts            settling   its result, counted once
    matchmaking  a matcher for each open pool      ratings    Elo, Glicko-2, openskill
    fleet        who is out, each in its turn      draining   how a pool is emptied     fencing   who may do so
    crew         the bots themselves               refusals   why something is turned down
    game         the client of the user's game, its rooms, and a local game that stands in
    runner       the process that holds bots and plays
    census       how many are in which state       figures    how good the matches are
    api          all of this over HTTP             console    the page for operators

Begin with `lifecycle`, then `service`.
"""
