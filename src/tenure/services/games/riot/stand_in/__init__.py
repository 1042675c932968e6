"""A Riot API of our own, on this machine: accounts, games that go on, matches, and all that goes wrong with them.

It answers what the tracker asks: accounts by name, active games, matches and lists of matches, of League of Legends
and of Teamfight Tactics. Its answers fit the reference of Riot's API; Riot's servers were never reached.

In the test's own process, on a free port:

    async with serving(StandIn(limits=())) as riot_here:
        riot_here.world.add_player("Ada#NA1", "na1")
        ...  # start the client with riot_here.url and riot_here.key
        game = riot_here.world.start("Ada#NA1")
        riot_here.world.end(game.match_id, won=True, result_seconds=30)
        riot_here.fail("limit", "match-v5.*", of="method", seconds=5)

Without a network, in a time that the test gives: `StandIn(clock=…).direct()` is a `Riot` of the same world, with the
same faults and limits, and `Direct(World(…))` one without them. `traffic` lets players play by themselves, in either.

The host becomes the first part of the path: `{url}/na1/lol/spectator/v5/…`, `{url}/americas/lol/match/v5/…`.

As a process of its own it is `tenure serve riot-stand-in`, with some first players and a page. All that `World` and
`StandIn` do is then `POST /control/NAME` with a JSON object of the arguments (`{"riot_ids": ["Ada#NA1"]}` to
`/control/start`), and `GET /control` shows how it stands. See `control.py` for the names, and `faults.py` for what may
go wrong.
"""

from __future__ import annotations

from tenure.services.games.riot.stand_in.delays import REALISTIC, Delays
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.serving import serving
from tenure.services.games.riot.stand_in.standing import StandIn
from tenure.services.games.riot.stand_in.world import World

__all__ = ["REALISTIC", "Delays", "Direct", "StandIn", "World", "serving"]
