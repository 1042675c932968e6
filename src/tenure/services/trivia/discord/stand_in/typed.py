"""What members type: a slash command as text becomes the data of an interaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tenure.services.trivia.discord.stand_in import shapes
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.world import Guild, Member, World

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = range(1, 11)
CHAT_INPUT = 1
OF_CHANNEL = (
    "id", "name", "type", "parent_id", "flags", "nsfw", "position", "topic", "last_message_id", "last_pin_timestamp",
    "guild_id", "rate_limit_per_user",
)  # fmt: skip


class Mistyped(ValueError):  # noqa: N818  an answer
    """Discord would not let a member send this; the message says why."""


def commands_for(world: World, guild: Guild, who: Member) -> list[Json]:
    """List the commands that a member is shown in a guild."""
    own = [*world.commands[None].values(), *world.commands.get(guild.id, {}).values()]
    return [command for command in own if command.get("type", CHAT_INPUT) == CHAT_INPUT and _may(command, who)]


def _may(command: Json, who: Member) -> bool:
    needed = command.get("default_member_permissions")
    return needed is None or (needed != "0" and int(needed) & who.permissions == int(needed))


@dataclass(slots=True)
class Reader:
    """Reads one command of one member, as Discord's own field for commands would let it through."""

    world: World
    guild: Guild
    who: Member
    begun: bool = False
    """It is not finished: nothing is missing yet, and the last option is the one that is being typed."""
    resolved: Json = field(default_factory=dict)
    """What options name, by kind and id."""

    def read(self, text: str) -> Json:
        """Read `/command sub option:value option:value`. Raises `Mistyped`."""
        name, _, rest = text.strip().removeprefix("/").partition(" ")
        shown = {command["name"]: command for command in commands_for(self.world, self.guild, self.who)}
        if name not in shown:
            known = ", ".join(f"/{one}" for one in sorted(shown)) or "none"
            raise Mistyped(f"there is no such command for {self.who.user.name}; there are: {known}")
        command = shown[name]
        options = self._options(command, rest)
        data: Json = {"id": command["id"], "name": name, "type": CHAT_INPUT, "options": options}
        data |= {"resolved": self.resolved} if self.resolved else {}
        return data | ({"guild_id": self.guild.id} if "guild_id" in command else {})

    def _options(self, part: Json, rest: str) -> list[Json]:
        declared = {option["name"]: option for option in part.get("options") or []}
        below = [name for name, option in declared.items() if option["type"] in (SUBCOMMAND, GROUP)]
        if below:
            name, _, more = rest.strip().partition(" ")
            if name not in below:
                raise Mistyped(f"/{part['name']} goes on with one of: {', '.join(below)}")
            inner = self._options(declared[name], more)
            return [{"name": name, "type": declared[name]["type"], "options": inner}]
        given = _given(part, declared, rest)
        if self.begun:
            return self._begun(declared, given)
        missing = [f"{name}:" for name, option in declared.items() if option.get("required") and name not in given]
        if missing:
            raise Mistyped(f"{part['name']} needs {', '.join(missing)}")
        return [self._option(declared[name], text) for name, text in given.items()]

    def _begun(self, declared: dict[str, Json], given: dict[str, str]) -> list[Json]:
        *before, last = [*given] or [""]
        if not declared.get(last, {}).get("autocomplete"):
            raise Mistyped("nothing is proposed for this option")
        typed = {"name": last, "type": declared[last]["type"], "value": given[last], "focused": True}
        return [*(self._option(declared[name], given[name]) for name in before), typed]

    def _option(self, option: Json, text: str) -> Json:
        return {"name": option["name"], "type": option["type"], "value": self._value(option, text)}

    def _value(self, option: Json, text: str) -> Any:
        kind, choices = option["type"], option.get("choices") or []
        if choices:
            chosen = [one["value"] for one in choices if text in (one["name"], str(one["value"]))]
            if not chosen:
                raise Mistyped(f"{option['name']}: is one of {', '.join(one['name'] for one in choices)}")
            return chosen[0]
        if kind == CHANNEL:
            return self._channel(text)
        if kind in (USER, MENTIONABLE):
            return self._user(text)
        return _plain(option, text)

    def _channel(self, text: str) -> str:
        wanted = text.strip("<#>")
        for channel in self.guild.channels.values():
            if wanted in (channel.id, channel.name):
                shown = shapes.channel(self.world, channel)
                part = {name: shown[name] for name in OF_CHANNEL} | {"permissions": str(self.who.permissions)}
                self.resolved.setdefault("channels", {})[channel.id] = part
                return channel.id
        there = ", ".join(f"#{channel.name}" for channel in self.guild.channels.values())
        raise Mistyped(f"there is no channel {text!r}; there are: {there}")

    def _user(self, text: str) -> str:
        wanted = text.strip("<@!>")
        for one in (*self.guild.members.values(), self.world.member(self.guild, self.world.bot.id)):
            if wanted in (one.user.id, one.user.name):
                self.resolved.setdefault("users", {})[one.user.id] = shapes.user(one.user)
                part = shapes.member(self.world, self.guild, one, with_user=False)
                part["permissions"] = str(one.permissions)
                self.resolved.setdefault("members", {})[one.user.id] = part
                return one.user.id
        there = ", ".join(f"@{one.user.name}" for one in self.guild.members.values())
        raise Mistyped(f"there is no member {text!r}; there are: {there}")


def _given(part: Json, declared: dict[str, Json], rest: str) -> dict[str, str]:
    """Split `a:some words b:more` at the names of options. What stands before the first name is its first option's."""
    rest = rest.strip()
    if not declared:
        if rest:
            raise Mistyped(f"{part['name']} takes no options")
        return {}
    names = "|".join(map(re.escape, declared))
    first, *pieces = re.split(rf"(?:^|(?<=\s))({names}):", rest)
    given = {name: text.strip() for name, text in zip(pieces[::2], pieces[1::2], strict=True)}
    if first.strip():
        start = next(iter(declared))
        if start in given:
            takes = ", ".join(f"{name}:" for name in declared)
            raise Mistyped(f"{part['name']} takes {takes} and nothing before them; got {first.strip()!r}")
        given = {start: first.strip(), **given}
    return given


def _plain(option: Json, text: str) -> Any:
    kind = option["type"]
    if kind == BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise Mistyped(f"{option['name']}: is True or False")
        return text.lower() == "true"
    if kind in (INTEGER, NUMBER):
        try:
            number = int(text) if kind == INTEGER else float(text)
        except ValueError:
            raise Mistyped(f"{option['name']}: is a number") from None
        _within(option, number, option.get("min_value"), option.get("max_value"))
        return number
    _within(option, len(text), option.get("min_length"), option.get("max_length"))
    return text


def _within(option: Json, number: float, least: float | None, most: float | None) -> None:
    if (least is not None and number < least) or (most is not None and number > most):
        raise Mistyped(f"{option['name']}: is from {least} to {most}")
