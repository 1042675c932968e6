"""A Discord of our own, on this machine: HTTP API, gateway, and a page on which people see and click.

It speaks what discord.py 2.7 speaks to version 10 of the API, so that the bot can be run and tried for real without an
account. Discord itself was never reached: where its documentation leaves something open, or where it differs from its
documentation, the stand-in is our reading of it.

In the test's own process, on a free port:

    async with serving(StandIn(rate_limits=False)) as discord_here:
        discord_here.people.add_guild("Club", channels=("quiz",), managers=("Ada",), members=("Bob",))
        ...  # start the bot with discord_here.api_url, discord_here.gateway_url and discord_here.token
        seen = await discord_here.people.command("Club", "quiz", "Ada", "/trivia list")
        seen = await discord_here.people.click("Club", "quiz", "Bob", message_id, "A")
        discord_here.fail("lose_reply", "POST /channels/*/messages")
        assert len(discord_here.people.messages("Club", "quiz")) == 1

discord.py takes the addresses from two class attributes: `discord.http.Route.BASE` is `api_url`, and
`discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY` is `yarl.URL(gateway_url)`. With `guild_ready_timeout=0.1` a client
is ready at once instead of after two seconds.

Other processes reach it at the same addresses. As a process of its own it is
`tenure trivia discord-stand-in --port 0 --token SECRET`, which prints its addresses (with `--json` as one line of
JSON) and has a first guild, "Quiz Club". Then all that `People` and `StandIn` do is `POST /control/NAME` with a JSON
object of the arguments (`{"guild": "Quiz Club", "channel": "general", "member": "Ada", "text": "/trivia list"}` to
`/control/command`), and `GET /control` shows how it stands. See `control.py` for the names, `faults.py` for what may
go wrong with requests, and `standing.py` for what may go wrong with the token, the gateway, nonces and the clock.
"""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in.seeing import Seen
from tenure.services.trivia.discord.stand_in.serving import serving
from tenure.services.trivia.discord.stand_in.standing import StandIn

__all__ = ["Seen", "StandIn", "serving"]
