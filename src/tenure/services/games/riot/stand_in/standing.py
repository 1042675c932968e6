"""The stand-in whole: its world, its endpoints, its limits, what goes wrong, and who plays by themselves."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping

from tenure.services.games.riot.stand_in.api import Api
from tenure.services.games.riot.stand_in.delays import Delays
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.faults import Fault, Faults, How, Kind, LimitOf
from tenure.services.games.riot.stand_in.limits import PRODUCTION, Limits, Rates, rates
from tenure.services.games.riot.stand_in.traffic import Habits, Traffic
from tenure.services.games.riot.stand_in.world import DEFAULT_KEY, FIRST_GAME, NotPossible, World


class StandIn:
    """One Riot API of our own. `url` is where it is served; see the package for how to start and to control it."""

    def __init__(
        self,
        *,
        key: str = DEFAULT_KEY,
        limits: Rates = PRODUCTION,
        delays: Delays | None = None,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        first_game: int = FIRST_GAME,
    ) -> None:
        self.url = ""
        self.world = World(clock, key=key, seed=seed, delays=delays, first_game=first_game)
        self.limits = Limits(self.world.now, limits)
        self.faults = Faults(self.world.now, seed)
        self.api = Api(self.world, self.limits, self.faults)
        self.traffic = Traffic(self.world, seed=seed)

    @property
    def key(self) -> str:
        """Give the newest valid key, or nothing."""
        return self.world.keys.current

    def direct(self, key: str | None = None) -> Direct:
        """Give what asks the same world without a network, with the same faults and limits."""
        return Direct(self.world, key, faults=self.faults, limits=self.limits)

    # ------------------------------------------------------------------------------------ misbehaving

    def fail(
        self,
        kind: Kind,
        endpoint: str = "*",
        *,
        host: str = "*",
        times: int | None = 1,
        share: float = 1.0,
        lasts_seconds: float | None = None,
        status: int = 503,
        of: LimitOf = "application",
        seconds: float | None = 1.0,
        how: How = "text",
    ) -> Fault:
        """Let a fault of `faults.KINDS` happen to the next request that fits, to `times` of them, or for a while."""
        ends_at = math.inf if lasts_seconds is None else self.world.now() + lasts_seconds
        fault = Fault(
            kind=kind, endpoint=endpoint, host=host, times=times, share=share, ends_at=ends_at, status=status, of=of,
            seconds=seconds, how=how,
        )  # fmt: skip
        return self.faults.plan(fault)

    def behave(self) -> None:
        """Let nothing go wrong any more, and the timestamps be right."""
        self.faults.clear()
        self.world.skew(0.0)

    def limit(self, application: str = "", methods: Mapping[str, str] | None = None) -> None:
        """Let other limits hold, as `20:1,100:120`; with no text, none. What was used is forgotten."""
        try:
            read = {name: rates(text) for name, text in (methods or {}).items()}
            self.limits.change(rates(application) if application else (), read)
        except ValueError as problem:
            raise NotPossible(f"{problem}: limits are such as 20:1,100:120") from None

    def change_key(self, key: str | None = None, *, keep_old: bool = False) -> str:
        """Let another key be valid, instead of the old one or beside it; give it. All puuids are other ones then."""
        self.world.keys.change(key or f"RGAPI-{secrets.token_hex(16)}", keep_old=keep_old)
        return self.key

    def expire_key(self) -> None:
        """Let no key be valid: 403 for every request."""
        self.world.keys.expire()

    # ----------------------------------------------------------------------------------------- playing

    def play_by_themselves(self, *, on: bool = True, habits: Habits | None = None) -> None:
        """Let all players play one game after the other, or no further ones."""
        self.traffic.on, self.traffic.habits = on, habits or self.traffic.habits
        self.traffic.go_on()
