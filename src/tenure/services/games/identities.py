"""Whose account is a player's, by the API key of now.

Another key has other puuids, and a name may be somebody else's by then. So whoever was tracked before is told by the
last game of theirs: who played it just so has their new puuid. The name alone is believed of those only of whom no
game is known.
"""

from __future__ import annotations

from contextlib import suppress

from tenure import Store
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.riot.contract import (
    Account,
    KeyRefused,
    Limited,
    Match,
    OfAnotherKey,
    Riot,
    RiotAway,
    RiotError,
)

MOST_TRIED = 3
"""So many games of a player are looked at, the last ones, until one of them says who they are."""

NOBODY = "Riot knows no account of this name and tag: check them; it is looked for again, ever more seldom"
GONE = "Riot does not know the player's account any more; it is looked for again, ever more seldom"
SOMEBODY_ELSE = (
    "this name is another account's now, which was not in the player's last game: remove the player, and add them "
    "by the name that they have now"
)


class Identities:
    """Looks up accounts of players."""

    def __init__(self, store: Store, riot: Riot) -> None:
        self._store, self._riot = store, riot

    async def account(self, player: TrackedPlayer) -> tuple[Account | None, str]:
        """Give a player's account; or None, and why there is none. Raises a `RiotError`."""
        if player.puuid is not None and player.key_mark == self._riot.key_mark:
            with suppress(OfAnotherKey):
                return await self._riot.account_of(player.platform, player.puuid), GONE
        those = await self._who_played_as(player) if player.puuid is not None else set[str]()
        if len(those) == 1:
            return await self._riot.account_of(player.platform, those.pop()), GONE
        account = await self._riot.account(player.platform, player.game_name, player.tag_line)
        if account is not None and those and account.puuid not in those:
            return None, SOMEBODY_ELSE
        return account, NOBODY

    async def _who_played_as(self, player: TrackedPlayer) -> set[str]:
        """Give the puuids of those who played the player's last game just as they did; none if nothing is known."""
        games = await self._store.find(TrackedGame.completed, under=player, newest_first=True, limit=MOST_TRIED)
        for game in games:
            # All who were in an aborted game came out of it alike.
            told = game.result is not None and game.result.result != "aborted"
            match = await self._match(game) if told else None
            if match is not None and match.results:
                alike = {puuid for puuid, result in match.results.items() if result == game.result}
                return alike or set(match.results)  # it is read otherwise than it was: they are one of these
        return set()

    async def _match(self, game: TrackedGame) -> Match | None:
        try:
            return await self._riot.match(game.match, game.title)
        except (KeyRefused, Limited, RiotAway):
            raise
        except RiotError:
            return None
