"""What can be done to pools, bots, tickets and matches: the same for the API, the page and the command line."""

from __future__ import annotations

from collections.abc import Callable

from tenure import Store
from tenure.services.bots.crew import Crew
from tenure.services.bots.offers import Offers
from tenure.services.bots.players import Players
from tenure.services.bots.pools import Pools
from tenure.services.bots.queueing import Queue
from tenure.services.bots.settling import Settling


def _nobody(pool: str) -> None:
    """Tell nobody: a fleet manager of another process looks by itself."""


class Parts:
    """Acts as the store's actor. `changed` is told the pools whose bots have changed."""

    def __init__(self, store: Store, changed: Callable[[str], None] = _nobody) -> None:
        self.pools, self.players, self.offers = Pools(store), Players(store), Offers(store)
        self.crew = Crew(store, self.pools, changed=changed)
        self.queue = Queue(store, self.pools, self.offers)
        self.settling = Settling(store, self.offers)
