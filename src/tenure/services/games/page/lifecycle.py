"""Links to players' own pages."""

from __future__ import annotations

from tenure import SWEEPER, End, Lifecycle, Limit, State, days, end_of, parent
from tenure.services.games.lifecycle import TrackedPlayer


class PlayerLink(Lifecycle, history=days(30)):
    """Opens one player's page to whoever has its address, until it is revoked.

    The id is in the address, beside a signature. It is no secret: nobody else can sign it.
    """

    player: str = parent(TrackedPlayer)

    open = State(initial=True, under=TrackedPlayer.live)
    revoked = End(keep=days(30))

    revoke = open.to(revoked)
    drop = open.to(revoked, by=SWEEPER, after=end_of(player))

    one_per_player = Limit(at_most=1, per=player, over=open)


kinds = (PlayerLink,)
