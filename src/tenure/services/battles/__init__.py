"""Battles: games of a few players over sockets, behind any number of server processes that may die.

    lifecycle     instances, connections, tickets, battles, seats: the table from which the rest follows
    service       the parts put together; `kinds`, `BattlesService`
    presence      this process as an instance, and who is connected to it       echo        and whether it hears
    queueing      joined, confirmed, left          matchmaking     who meets whom           offers      all or none
    running       which battles are played here    owner           and one of them          rules       by which game
    playing       what players do in a battle      seats           who did not come back
    rooms         those who follow a battle        telling         what they may see        messages    in which words
    sockets       what clients say, and hear       page            a page to play on        console     and to run it
    watching      how all of this does             cleaning        what dead instances left
    surveying     how it stands, for operators     operating       what they do             counting    for figures
    refusals      why something is turned down     checks          what players send        settings
    api           all of this over HTTP

Begin with `lifecycle`, then `service`.
"""
