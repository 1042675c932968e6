"""The commands of the bots service: `tenure bots …`. As all commands they are imported when they are called."""

from __future__ import annotations

from cyclopts import App

from tenure.cli.groups import Commands, group

POOL_COMMANDS: Commands = {}

COMMANDS: Commands = {
    "pools": ("pools:list_pools", "List the pools, with how many wait, play and are deployed."),
}

app = group("bots", "Keep bots ready, match people and bots by rating, and rate them.", "tenure.cli.bots", COMMANDS)
pool: App = group("pool", "Make, change, drain, reopen or close a pool.", "tenure.cli.bots", POOL_COMMANDS)
app.command(pool)
