"""Publishing: each result is posted to the community's webhook, at least once, with an id that never changes.

An event is an effect of the very change that completed the game, so there is one for each, whoever is killed when.
The tempting wrong version publishes after it has written, and swallows what goes wrong.

Who does not send (in the shadow, or without a webhook) works events off unsent, but only where nobody sends: in a
store of which some process does, or did until lately, all events are left to it.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import msgspec

from tenure import Delivery, Poller, Retry, Store, days, hours, minutes, seconds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.results import Result, Title
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop
from tenure.webhooks.addresses import Guard
from tenure.webhooks.posting import Outcome, Poster
from tenure.webhooks.signing import headers

AGAIN = Retry(first=seconds(5), most=minutes(30), give_up=days(7))
WITHIN = seconds(20)
SENDER = "games/sender"
"""The poller whose turns say that somebody sends."""

SAID_EACH, LEFT_FOR = hours(1), days(7)
"""How often it is said that somebody sends, and for how long events are left to those who did."""

LOOKED_AT_EACH = seconds(10)
REFUSED_AFTER = 5
"""So many posts in a row must fail until that is said to be the webhook's trouble."""

NOBODY_POSTS = "they can be watched only: there is no webhook URL (TENURE_GAMES_WEBHOOK_URL)"
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
    """What is posted of one result. Who has seen its `id` has seen it.

    That is the same at every try, and of the game alone: a store that was put back from a backup, or moved to another
    engine, tells what it told before by the same id.
    """

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

    def __init__(self, store: Store, settings: Settings, poster: Posting | None = None) -> None:
        """The webhook is the operator's own: it may be on a private network."""
        self._store, self._settings = store, settings
        self._poster: Posting = poster or Poster(Guard(private=True))
        self._in_vain, self._refused = 0, ""

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        if not self.sends:
            return {"work off events": self._work_off}
        deliver = partial(self._store.deliver, within=WITHIN, retry=AGAIN)
        return {
            "say who sends": self._say_so,
            "publish finished": lambda: deliver(TrackedGame.finished, self.publish),
            "publish corrected": lambda: deliver(TrackedGame.corrected, self.publish),
        }

    @property
    def sends(self) -> bool:
        """Whether this process posts events, and does not only work them off."""
        return self._settings.emits_events and bool(self._settings.webhook_url)

    @property
    def trouble(self) -> str:
        """Why events are not taken, if that is so."""
        return f"the webhook takes no event: {self._refused}" if self._in_vain >= REFUSED_AFTER else ""

    async def way(self) -> str:
        """Say where events go."""
        if self.sends:
            return "they are posted to the webhook"
        if await posted_of_late(self._store):
            return "another process posts them to the webhook"
        if not self._settings.emits_events:
            return "they are not sent: EMIT_EVENTS is off"
        return NOBODY_POSTS

    async def once(self) -> int:
        """Publish what is due now, and give how many events were tried."""
        if not self.sends and await posted_of_late(self._store):
            return 0
        deliver = partial(self._store.deliver_once, retry=AGAIN)
        return await deliver(TrackedGame.finished, self.publish) + await deliver(TrackedGame.corrected, self.publish)

    async def publish(self, delivery: Delivery[TrackedGame]) -> None:
        """Post one event. In another tracker's shadow, or without a webhook, none is sent. Raises `NotTaken`."""
        told = await self._told(delivery)
        if not self.sends:
            self._store.log.info("event not sent", type=told.type, game=told.game, id=told.id)
            return
        body = msgspec.json.encode(told)
        timestamp = int((await self._store.now()).timestamp())
        signed = headers(self._settings.webhook_secret or None, timestamp, body)
        outcome = await self._poster.post(self._settings.webhook_url, body, signed)
        reason = outcome.error or f"it answered {outcome.status}"
        self._in_vain, self._refused = (0, "") if outcome.taken else (self._in_vain + 1, reason)
        if not outcome.taken:
            self._store.log.warning(
                "event not taken", game=told.game, id=told.id, tries=delivery.tries, status=outcome.status
            )
            raise NotTaken(reason)
        self._store.log.info("event sent", type=told.type, game=told.game, id=told.id)

    async def _say_so(self) -> None:
        turns: Any = self._store.every(SAID_EACH, SENDER)
        async with aclosing(turns):
            async for _ in turns:
                pass

    async def _work_off(self) -> None:
        while True:
            await self.once()
            await self._store.clock.sleep(LOOKED_AT_EACH.total_seconds())

    async def _told(self, delivery: Delivery[TrackedGame]) -> Told:
        game = delivery.record
        player = (await self._store.get_many(TrackedPlayer, [game.player])).get(game.player)
        return Told(
            id=f"{game.id}/{NAMES[delivery.event.name]}",
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


async def posted_of_late(store: Store) -> bool:
    """Tell whether a process of this store posts events, or did until lately."""
    sender = (await store.get_many(Poller, [SENDER])).get(SENDER)
    began_at = None if sender is None else sender.began_at
    return began_at is not None and await store.now() - began_at < LEFT_FOR
