"""The local game: duels kept in the store, so that a killed server goes on where they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import aiohttp
import msgspec

from tenure import Change, Delivery, Exists, NotFound, NotUnder, Retry, Stale, Store, WrongState, seconds
from tenure.services.bots.game import duel
from tenure.services.bots.game.api import AGAIN
from tenure.services.bots.game.contract import Opening, Report, RoomSeen
from tenure.services.bots.game.lifecycle import Choice, Duel, Round
from tenure.store.waking import Bell

ROUND_SECONDS = 30.0
LONGEST_LOOK_SECONDS = 20.0
TRY_SECONDS = 5.0
SOON = Retry(first=seconds(0.5), most=seconds(10))
Loop = Callable[[], Awaitable[None]]


class NoRoom(Exception):  # noqa: N818  an answer
    """There is no such room, or none any more."""


class WrongMove(Exception):  # noqa: N818  an answer
    """The room does not take this now; the message says why."""


class NotHeard(Exception):  # noqa: N818  it is tried again
    """Nobody has taken the report yet."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A room as players see it. What the others chose in this round is not shown; that they did is."""

    state: str
    version: int
    round: int
    rounds: int
    round_ends_at: datetime
    teams: tuple[tuple[str, ...], ...]
    chosen: tuple[str, ...]
    points: tuple[int, ...]
    played: tuple[Round, ...]
    places: tuple[int, ...] | None


def shown(found: Duel) -> Table:
    """Give a duel as players see it."""
    over = found.places is not None
    return Table(
        state="over" if over else "closed" if found.state == Duel.closed else "playing",
        version=found.version,
        round=min(len(found.rounds) + 1, duel.ROUNDS),
        rounds=duel.ROUNDS,
        round_ends_at=found.round_ends_at,
        teams=found.seats,
        chosen=tuple(choice.seat for choice in found.chosen),
        points=duel.points(found.seats, found.rounds),
        played=found.rounds,
        places=found.places,
    )


class StandIn:
    """Opens duels, takes moves, and reports who won until somebody has heard it."""

    def __init__(self, store: Store, key: str, *, round_seconds: float = ROUND_SECONDS) -> None:
        self._store, self._key = store.acting("local game"), key
        self._round = timedelta(seconds=round_seconds)
        self._looks: set[Bell] | None = set()
        """What wakes those who look; None when the server is about to stop, and nobody is to wait any more."""

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        deliver = self._store.deliver
        return {
            "close_rounds": lambda: deliver(Duel.close_round, self.close_round, retry=SOON),
            "report_results": self._report_for_ever,
        }

    # ------------------------------------------------------------------------------------ for the service

    async def open(self, match: str, opening: Opening) -> None:
        """Open a room; one that is there already stays as it is. Raises `NoRoom` if the match isn't on."""
        seats = tuple(tuple(seat.seat for seat in team) for team in opening.teams)
        ends_at = await self._store.now() + self._round
        change = Duel.create(match, match=match, seats=seats, report_to=opening.report_to, round_ends_at=ends_at)
        with suppress(Exists):
            try:
                await self._store.apply(change)
            except NotUnder:
                raise NoRoom("that match is not being played") from None

    async def seen(self, match: str) -> RoomSeen:
        """Give how a room stands, as the service asks for it."""
        found = await self._duel(match)
        return RoomSeen("playing" if found.places is None else "over", found.places)

    async def close(self, match: str) -> None:
        """Close a room whose match was broken off."""
        try:
            await self._store.apply(Duel.break_off(match))
        except NotFound:
            raise NoRoom("there is no such room") from None
        except WrongState:
            return  # it is closed

    # ------------------------------------------------------------------------------------ for players

    async def seats(self, match: str) -> list[str]:
        """Give the seats of a room."""
        return [seat for team in (await self._duel(match)).seats for seat in team]

    async def look(self, match: str, *, seen: int = 0) -> Table:
        """Give a room as players see it; if they have seen this version, wait a while for the next one."""
        with self._store.bell(Duel, match) as bell:
            found = await self._duel(match)
            if found.version <= seen and found.state != Duel.closed and await self._waited(bell):
                found = await self._duel(match)
        return shown(found)

    def end_looks(self) -> None:
        """Let nobody wait for news any more: the server is about to stop."""
        looks, self._looks = self._looks or (), None
        for bell in looks:
            bell.ring()

    async def _waited(self, bell: Bell) -> bool:
        """Wait for news, and tell whether there may be some."""
        if self._looks is None:
            return False
        looks = self._looks
        looks.add(bell)
        try:
            await self._store.clock.wait(bell, LONGEST_LOOK_SECONDS)
        finally:
            looks.discard(bell)
        return True

    async def move(self, match: str, seat: str, turn: int, number: int) -> Table:
        """Choose a number in a round. A repeat changes nothing; another number in the same round is refused."""
        while True:
            found = await self._duel(match)
            if found.state in (Duel.late, Duel.closed) or self._is_made(found, seat, turn, number):
                return shown(found)
            try:
                return shown(await self._store.apply(await self._change(found, (*found.chosen, Choice(seat, number)))))
            except Stale:
                continue  # another seat moved in the meantime
            except (WrongState, NotFound):
                return shown(await self._duel(match))  # the round or the match ended; the table says so

    # ------------------------------------------------------------------------------------ inside

    async def close_round(self, effect: Delivery[Duel]) -> None:
        """End a round that not everybody has used."""
        found = await self._store.get(Duel, effect.record.id)
        if found.state == Duel.late:
            await self._store.apply(await self._change(found, found.chosen))

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[Callable[[Delivery[Duel]], Awaitable[None]]]:
        """Give what reports a result, over one session."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TRY_SECONDS)) as http:
            yield lambda effect: self._report(effect.record, http)

    async def _report(self, found: Duel, http: aiohttp.ClientSession) -> None:
        """Tell who won; whoever hears it answers. An answer below 500 settles it, also one that turns it down."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        body = msgspec.json.encode(Report(found.places or ()))
        async with http.post(found.report_to, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status >= 500 or answer.status in AGAIN:  # noqa: PLR2004  the server's own faults
                raise NotHeard(f"the report was answered with {answer.status}")
            if answer.status >= 400:  # noqa: PLR2004  turned down for good
                self._store.log.warning("report_turned_down", match=found.id, status=answer.status)

    async def _report_for_ever(self) -> None:
        async with self.reporting() as report:
            await self._store.deliver(Duel.report, report, retry=SOON)

    async def _duel(self, match: str) -> Duel:
        try:
            return await self._store.get(Duel, match)
        except NotFound:
            raise NoRoom("there is no such room") from None

    def _is_made(self, found: Duel, seat: str, turn: int, number: int) -> bool:
        """Tell whether this move was made before; raises `WrongMove` if it can't be made."""
        if not 1 <= turn <= len(found.rounds) + 1:
            raise WrongMove(f"round {turn} has not begun: the present one is {len(found.rounds) + 1}")
        over = turn <= len(found.rounds)
        choices = found.rounds[turn - 1].choices if over else found.chosen
        before = next((choice.number for choice in choices if choice.seat == seat), None)
        if before is None and over:
            raise WrongMove(f"round {turn} is over: the present one is {len(found.rounds) + 1}")
        if before is not None and before != number:
            raise WrongMove(f"this seat has chosen {before} in round {turn}, and that stands")
        return before is not None or found.state != Duel.playing

    async def _change(self, found: Duel, chosen: tuple[Choice, ...]) -> Change[Duel]:
        """Give what follows from these choices: more of them, the next round, or the end."""
        late = found.state == Duel.late
        if not late and not duel.is_complete(found.seats, chosen):
            return Duel.choose(found, chosen=chosen)
        rounds = (*found.rounds, duel.scored(found.seats, chosen))
        if len(rounds) == duel.ROUNDS:
            return Duel.decide(found, chosen=(), rounds=rounds, places=duel.places(found.seats, rounds))
        ends_at = await self._store.now() + self._round
        step = Duel.go_on if late else Duel.score
        return step(found, chosen=(), rounds=rounds, round_ends_at=ends_at)
