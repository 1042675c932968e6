"""What an error of Discord, or of the way there, lets us conclude: away for now, or refused until somebody acts."""

from __future__ import annotations

import aiohttp
import discord

from tenure.services.trivia.chat.contract import ChatAway, ChatRefused

REFUSED = (
    "Discord does not accept the bot's token: make a new one at https://discord.com/developers/applications, "
    "set TENURE_TRIVIA_DISCORD_TOKEN to it, and start again"
)
"""What is wrong where the token is worth nothing."""
NO_RIGHTS = "give its role View Channel, Send Messages, Embed Links and Read Message History there"
NO_CHANNEL = "that channel is gone: register another channel, or delete the registration"

ADVICE = {
    10003: NO_CHANNEL,
    10004: "the bot is no longer in that server: invite it again",
    10008: "somebody deleted this message as soon as it was there: it is posted anew in some minutes",
    50001: f"Discord hides that channel from the bot: {NO_RIGHTS}",
    50008: "one can't write in a channel of that kind: register a text channel",
    50013: f"the bot may not post in that channel: {NO_RIGHTS}",
    50083: "that thread is archived: open it again, or register another channel",
}
"""By Discord's own code, what is wrong and what to do."""

CLOSED = {
    4010: "the bot is in so many servers that it needs several connections (4010)",
    4011: "the bot is in so many servers that it needs several connections (4011)",
    4013: "it does not know what the bot wants to hear of (4013)",
    4014: "the bot may not hear of its servers (4014): see its page at https://discord.com/developers/applications",
}
"""By the code with which Discord closes a gateway for good, why."""

GONE = frozenset({10003, 10004, 10008})
"""The message, or all that it was in, is no longer there."""

UNAUTHORIZED, TOO_EARLY, TOO_MANY = 401, frozenset({408, 425, 429}), 429
ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError)
"""What a call may raise; the last three, where an answer isn't Discord's at all, such as a proxy's page."""


def refuses_token(error: BaseException) -> bool:
    """Tell whether the token is worth nothing, which concerns all that we do."""
    if isinstance(error, discord.ConnectionClosed):
        return error.code == 4004  # noqa: PLR2004  authentication failed
    return isinstance(error, discord.LoginFailure) or (
        isinstance(error, discord.HTTPException) and error.status == UNAUTHORIZED
    )


def is_gone(error: BaseException) -> bool:
    """Tell whether what we wanted to change is no longer there."""
    return isinstance(error, discord.NotFound) and error.code in GONE


def judged(error: BaseException) -> ChatAway | ChatRefused:
    """Give the contract's error for one of `ERRORS`."""
    if refuses_token(error):
        return ChatRefused(REFUSED)
    if isinstance(error, discord.RateLimited):
        return ChatAway(f"Discord asks to wait {error.retry_after:g} s", retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _answered(error)
    if isinstance(error, discord.ConnectionClosed):
        return ChatAway(f"Discord closed the connection: {CLOSED.get(error.code, error.code)}")
    if isinstance(error, TimeoutError):
        return ChatAway("Discord does not answer in time")
    return ChatAway(f"Discord can't be reached, or something else answers there: {type(error).__name__}")


def _answered(error: discord.HTTPException) -> ChatAway | ChatRefused:
    if error.status in TOO_EARLY or error.status >= 500:  # noqa: PLR2004  the server's own faults
        return ChatAway(f"Discord answers {error.status}")
    said = f"{error.status} {error.text[:300] or 'without a reason'} (code {error.code})"
    return ChatRefused(f"{ADVICE.get(error.code, 'Discord turned it down')}; it said {said}")


def said_of(error: Exception) -> str:
    """Say what any error means for those who run the service."""
    if isinstance(error, ChatAway | ChatRefused):
        return str(error)
    return str(judged(error)) if isinstance(error, ERRORS) else f"{type(error).__name__}: {error}"
