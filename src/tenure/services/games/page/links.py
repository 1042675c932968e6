"""Links to players' own pages: each opens one player's, says nothing else, and can be revoked.

What stands in the address is `ID.SIGNATURE`: the id of the link's record, and the first 24 bytes of an HMAC over it,
in base64url. So an address can be shown again at any time, and nothing that opens a page lies in the store.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable

from tenure import LimitReached, NotUnder, Store, WrongState
from tenure.http.rejections import Absent
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.page.lifecycle import PlayerLink
from tenure.services.games.players import Players
from tenure.services.games.refusals import NotThen, TryAgain, Unknown
from tenure.services.games.settings import Settings

SIGNATURE_SIZE = 24
FORM = re.compile(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{32})", re.ASCII)
PAGE_PATH = "/page"
"""Where the pages are, below the service."""


def links_of(store: Store, settings: Settings) -> Links:
    """Give the links of a service; without a key of their own the admin's signs them."""
    return Links(store, settings.link_key or settings.admin_key)


def link_id(token: str) -> str:
    """Give the id of the link's record."""
    return token.partition(".")[0]


def address_of(base_url: str, token: str) -> str:
    """Give where a page is, as players reach it; its path where nobody said where the service is."""
    return f"{base_url}{PAGE_PATH}/{token}"


class NoPage(Absent):
    """The link opens nothing. A forged one, one that was revoked, and a removed player's all look alike."""

    def __init__(self) -> None:
        super().__init__("this link opens no page, or does not any more: ask whoever runs the tracker for a new one")


def new_id() -> str:
    """Make an id that nobody else makes."""
    return secrets.token_hex(8)


class Links:
    """Gives links and reads them, with a key that all processes of a store share. Acts as the store's actor."""

    def __init__(self, store: Store, key: str, *, new_id: Callable[[], str] = new_id) -> None:
        if not key:
            raise ValueError("a key is needed by which links are signed")
        # Derived, so that a key which signs something else too gives no link by that.
        self._key = hmac.digest(key.encode(), b"tenure games player page", "sha256")
        self._store, self._new_id = store, new_id

    async def give(self, player: str) -> str:
        """Give what opens a player's page: the same until it is revoked. Raises `Unknown`, `NotThen`, `TryAgain`."""
        await Players(self._store).get(player)
        try:
            link = await self._store.apply(PlayerLink.create(self._new_id(), player=player))
        except NotUnder:
            raise NotThen("the player was removed: add them anew") from None
        except LimitReached:
            token = await self.find(player)
            if token is None:
                raise TryAgain("the link is just being revoked: try again in a moment") from None
            return token
        return self._token(link.id)

    async def find(self, player: str) -> str | None:
        """Give what opens a player's page; None if nothing does."""
        links = await self._store.holding(PlayerLink.one_per_player, player)
        return self._token(links[0].id) if links else None

    async def revoke(self, player: str) -> None:
        """Let a player's link open nothing from now on. A repeat changes nothing. Raises `Unknown`."""
        await Players(self._store).get(player)
        for link in await self._store.holding(PlayerLink.one_per_player, player):
            try:
                await self._store.apply(PlayerLink.revoke(link.id))
            except WrongState:
                continue  # somebody else was faster

    async def player_of(self, token: str) -> TrackedPlayer:
        """Give the player whose page this opens. Raises `NoPage`."""
        found = FORM.fullmatch(token)
        # The signature comes first: what somebody made up costs no look at the store.
        if found is None or not hmac.compare_digest(self._sign(found[1]), found[2]):
            raise NoPage
        link = (await self._store.get_many(PlayerLink, [found[1]])).get(found[1])
        if link is None or link.state != PlayerLink.open:
            raise NoPage
        try:
            player = await Players(self._store).get(link.player)
        except Unknown:
            raise NoPage from None
        if player.state not in TrackedPlayer.live:
            raise NoPage
        return player

    def _token(self, id: str) -> str:
        return f"{id}.{self._sign(id)}"

    def _sign(self, id: str) -> str:
        signature = hmac.digest(self._key, id.encode(), "sha256")[:SIGNATURE_SIZE]
        return base64.urlsafe_b64encode(signature).decode()
