"""The commands of the games service: `tenure games …`. As all commands they are imported when they are called."""

from __future__ import annotations

from cyclopts import App

from tenure.cli.groups import Commands, group

COMMANDS: Commands = {
    "add": ("players:add", "Track a player, and show them."),
    "players": ("players:list_players", "List the players who are tracked."),
    "player": ("players:show_player", "Show a player: whether the account is known, and what is wrong."),
    "titles": ("players:titles", "Say which titles are tracked of a player."),
    "pause": ("players:pause", "Look at a player no more for a while."),
    "unpause": ("players:unpause", "Track a paused player again."),
    "remove": ("players:remove", "Track a player no more."),
    "link": ("links:link", "Give a player a link to a page of their own, and show it."),
    "unlink": ("links:unlink", "Let a player's link open nothing any more."),
    "list": ("games:list_games", "List games, of a player or of all, the newest first."),
    "show": ("games:show", "Show a game with its result."),
    "history": ("games:history", "Show what happened to a game."),
    "results": ("games:results", "Print results in the order in which they came; or as they come."),
    "status": ("games:status", "Show how many players and games there are, and how late results come."),
    "plan": ("planning:plan_players", "Say how many players an API key can track, and how often."),
}

app: App = group("games", "Track the games of players, each to its result.", "tenure.cli.games", COMMANDS)
