"""The commands of the trivia service: `tenure trivia …`. As all commands they are imported when they are called."""

from __future__ import annotations

from cyclopts import App

from tenure.cli.groups import Commands, group

GUILD_COMMANDS: Commands = {
    "create": ("guilds:create", "Make a guild of our own chat, and show it."),
    "edit": ("guilds:edit", "Change a guild: its name, time zone, week, and who is told of trouble."),
    "forget": ("guilds:forget", "Forget a guild for good, with its registrations and boards."),
}

CHANNEL_COMMANDS: Commands = {
    "list": ("channels:list_channels", "List the channels of a guild of our own chat."),
    "create": ("channels:create", "Make a channel."),
    "close": ("channels:close", "Let nobody write in a channel; its games wait."),
    "reopen": ("channels:reopen", "Open a channel again."),
    "remove": ("channels:remove", "Remove a channel with all that was written there."),
}

MEMBER_COMMANDS: Commands = {
    "list": ("members:list_members", "List the members of a guild of our own chat."),
    "join": ("members:join", "Let somebody in, and show the key, once."),
    "manage": ("members:manage", "Let a member give the commands of those who manage the guild."),
    "renew": ("members:renew", "Give a member another key, and show it, once."),
    "revoke": ("members:revoke", "Shut a member out: the key is worthless."),
    "remove": ("members:remove", "Remove a member with all that they wrote."),
}

QUESTION_COMMANDS: Commands = {
    "check": ("questions:check_folder", "Look at a folder of packs, and tell all that is wrong."),
    "list": ("questions:list_sources", "List the sources of questions, with their categories."),
}

COMMANDS: Commands = {
    "guilds": ("guilds:list_guilds", "List the guilds, with what is registered there."),
    "register": ("registrations:register", "Register where and when questions are asked, and show it."),
    "list": ("registrations:list_registrations", "List registrations: what is asked where, and when next."),
    "edit": ("registrations:edit", "Change a registration."),
    "enable": ("registrations:enable", "Go on with a registration from its next slot."),
    "disable": ("registrations:disable", "Let a registration rest; a question that is open goes on."),
    "post": ("registrations:post", "Ask a question of a registration now, out of turn."),
    "answer": ("playing:answer", "Answer a question for a member."),
    "status": ("games:status", "Show the games that are going on, and whatever waits, with the reason."),
    "show": ("games:show", "Show a game."),
    "close": ("games:close", "Close a question before its time; its results follow."),
    "extend": ("games:extend", "Let a question be open for longer."),
    "delete": ("games:delete", "Take a question back without results, or delete a registration."),
    "retry": ("games:retry", "Try a game again at once that waits for its chat."),
    "leaderboard": ("playing:leaderboard", "List who has the most points: of all time, this week, or in a category."),
    "stats": ("playing:stats", "Show what a member has reached."),
    "history": ("games:history", "List a guild's games that are over; they are kept for 7 days."),
    "replay": ("games:replay", "Show all that happened in a game, answer by answer."),
    "discord-stand-in": ("standing_in:discord_stand_in", "Run a Discord of our own on this machine, with a page."),
}

PACKAGE = "tenure.cli.trivia"
app: App = group("trivia", "Ask questions on a schedule, count the answers, post the results.", PACKAGE, COMMANDS)
app.command(group("guild", "Make, change or forget a guild.", PACKAGE, GUILD_COMMANDS))
app.command(group("channel", "Make, close, reopen or remove channels of our own chat.", PACKAGE, CHANNEL_COMMANDS))
app.command(group("member", "Let people into our own chat, and out.", PACKAGE, MEMBER_COMMANDS))
app.command(group("questions", "Check packs of questions, and list what there is.", PACKAGE, QUESTION_COMMANDS))
