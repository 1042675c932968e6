"""What can be done in the queue and in battles: the same for all transports, the API, the page and the CLI."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tenure import Store, seconds
from tenure.services.battles.offers import Offers
from tenure.services.battles.playing import Playing
from tenure.services.battles.queueing import Queue
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.settings import Settings


class Parts:
    """Acts as the store's actor. `started` is told when a battle has started, so that it is taken at once."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        rules: Mapping[str, Rules],
        new_seed: Callable[[], int],
        started: Callable[[], None] = lambda: None,
    ) -> None:
        grace = seconds(settings.grace_seconds)
        self.offers = Offers(store, rules, new_seed, grace=grace, started=started)
        self.queue = Queue(store, self.offers, tuple(rules))
        self.playing = Playing(store)
