"""Publishing: each result is posted to the community's webhook, at least once, with an id that never changes.

An event is an effect of the very change that completed the game, so there is one for each, whoever is killed when.
The tempting wrong version publishes after it has written, and swallows what goes wrong.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from tenure import Delivery, Retry, Store, days, minutes, seconds
from tenure.services.games.journal import Journal
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.results import Result, Title
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop
from tenure.webhooks.addresses import Guard
from tenure.webhooks.posting import Outcome, Poster
from tenure.webhooks.signing import headers

AGAIN = Retry(first=seconds(5), most=minutes(30), give_up=days(7))
WITHIN = seconds(20)
FINISHED, CORRECTED = "game.finished", "game.corrected"
NAMES = {"complete": FINISHED, "correct": CORRECTED}


class Posting(Protocol):
    """Posts a body to an address, once."""

    async def post(self, url: str, body: bytes, headers: dict[str, str], /) -> Outcome:
        """Post once. Whatever goes wrong is in the outcome."""
        ...


class NotTaken(Exception):  # noqa: N818  what happened is the name
    """The receiver did not take an event: it is posted again."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted of one result. `id` is the same at every try: who has seen it has seen the event."""

    id: str
    type: str
    created_at: datetime
    game: str
    match_id: str
    title: Title
    player: str
    riot_id: str | None
    platform: str | None
    queue_id: int | None
    started_at: datetime | None
    duration_seconds: int | None
    result: Result | None


class Publishing:
    """Works off the events of games. Any number of processes may have one."""

    def __init__(self, store: Store, settings: Settings, journal: Journal, poster: Posting | None = None) -> None:
        """The webhook is the operator's own: it may be on a private network."""
        self._store, self._settings, self._journal = store, settings, journal
        self._poster: Posting = poster or Poster(Guard(private=True))

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        deliver = partial(self._store.deliver, within=WITHIN, retry=AGAIN)
        return {
            "publish finished": lambda: deliver(TrackedGame.finished, self.publish),
            "publish corrected": lambda: deliver(TrackedGame.corrected, self.publish),
        }

    async def once(self) -> int:
        """Publish what is due now, and give how many events were tried."""
        deliver = partial(self._store.deliver_once, retry=AGAIN)
        return await deliver(TrackedGame.finished, self.publish) + await deliver(TrackedGame.corrected, self.publish)

    async def publish(self, delivery: Delivery[TrackedGame]) -> None:
        """Post one event. In another tracker's shadow, or without a webhook, none is sent. Raises `NotTaken`."""
        told = await self._told(delivery)
        if not self._settings.emits_events or not self._settings.webhook_url:
            self._journal.info("event not sent", type=told.type, game=told.game, id=told.id)
            return
        body = msgspec.json.encode(told)
        timestamp = int((await self._store.now()).timestamp())
        signed = headers(self._settings.webhook_secret or None, timestamp, body)
        outcome = await self._poster.post(self._settings.webhook_url, body, signed)
        if not outcome.taken:
            self._journal.warning(
                "event not taken", game=told.game, id=told.id, tries=delivery.tries, status=outcome.status
            )
            raise NotTaken(outcome.error or f"the webhook answered {outcome.status}")
        self._journal.info("event sent", type=told.type, game=told.game, id=told.id)

    async def _told(self, delivery: Delivery[TrackedGame]) -> Told:
        game = delivery.record
        player = (await self._store.get_many(TrackedPlayer, [game.player])).get(game.player)
        return Told(
            id=delivery.id,
            type=NAMES[delivery.event.name],
            created_at=delivery.event.at,
            game=game.id,
            match_id=game.match,
            title=game.title,
            player=game.player,
            riot_id=None if player is None else f"{player.game_name}#{player.tag_line}",
            platform=None if player is None else player.platform,
            queue_id=game.queue_id,
            started_at=game.started_at,
            duration_seconds=game.duration_seconds,
            result=game.result,
        )
