"""The commands of the battles service: `tenure battles …`. As all commands they are imported when they are called."""

from __future__ import annotations

from cyclopts import App

from tenure.cli.groups import Commands, group

COMMANDS: Commands = {
    "list": ("battles:list_battles", "List battles: those that are under way, or those of a state."),
    "show": ("battles:show", "Show a battle: who runs it, its seats, and what happened in it."),
    "watch": ("battles:watch", "Print what happens in a battle, or in all of them, until Ctrl-C."),
    "break-off": ("battles:break_off", "End a battle without a winner, for a reason that its players are told."),
    "instances": ("instances:list_instances", "List the instances: their leases, sockets and battles."),
    "drain": ("instances:drain", "Let an instance take nobody in any more; what it has goes to others."),
    "cleanup": ("instances:cleanup", "List what dead instances left, each with its reason, or clean it up."),
    "health": ("instances:health", "Tell whether all is well, as far as the store tells; else exit with 1."),
    "queue": ("queueing:queue", "Show who waits: how many at each level, and for how long."),
    "token": ("queueing:token", "Make a token with which a player connects within a minute."),
}

PACKAGE = "tenure.cli.battles"
app: App = group("battles", "Match two players anywhere, play their battle, outlive a server.", PACKAGE, COMMANDS)
