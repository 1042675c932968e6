"""The commands of the bots service: `tenure bots …`. As all commands they are imported when they are called."""

from __future__ import annotations

from cyclopts import App

from tenure.cli.groups import Commands, group

POOL_COMMANDS: Commands = {
    "create": ("pools:create", "Make a pool, open at once, and show it."),
    "show": ("pools:show", "Show a pool: its rules, and how many of what is in it."),
    "edit": ("pools:edit", "Change an open pool."),
    "drain": ("pools:drain", "Let nobody in any more; what is there plays to its end."),
    "reopen": ("pools:reopen", "Open a drained pool again."),
    "close": ("pools:close", "Drain a pool, and close it for good once it is empty."),
}

COMMANDS: Commands = {
    "runner": ("running:runner", "Hold bots that are deployed: queue them, accept their matches, and play."),
    "pools": ("pools:list_pools", "List the pools, with how many wait, play and are deployed."),
    "list": ("fleet:list_bots", "List bots: where each is, since when, and who holds it."),
    "create": ("fleet:create", "Make bots for an open pool: so many, or those named."),
    "deploy": ("fleet:deploy", "Send a bot out, out of its turn."),
    "recall": ("fleet:recall", "Call a bot home that is in no match."),
    "retire": ("fleet:retire", "Retire a bot for good, with its rating."),
    "join": ("playing:join", "Join a pool, alone or as a party, and show the ticket."),
    "ticket": ("playing:ticket", "Show a ticket: how long it has waited, and what it was offered."),
    "leave": ("playing:leave", "Leave the queue."),
    "accept": ("playing:accept", "Accept the match that a ticket was offered."),
    "decline": ("playing:decline", "Decline the match that a ticket was offered."),
    "matches": ("playing:matches", "List matches."),
    "match": ("playing:show", "Show a match."),
    "result": ("playing:result", "Say who won a match: this rates its players, once."),
    "break-off": ("playing:break_off", "End a match without a result."),
    "player": ("players:show", "Show a player: the ratings, the ticket, whom it never meets."),
    "block": ("players:block", "Say whom a player never plays with or against."),
    "leaderboard": ("players:leaderboard", "List the players of a mode, the highest rating first."),
    "simulate": ("simulating:simulate", "Replay arrivals by our matcher and by other rules, side by side."),
    "report": ("reporting:report", "Show how well people were matched, from the events that are kept."),
}

app = group("bots", "Keep bots ready, match people and bots by rating, and rate them.", "tenure.cli.bots", COMMANDS)
pool: App = group("pool", "Make, change, drain, reopen or close a pool.", "tenure.cli.bots", POOL_COMMANDS)
app.command(pool)
