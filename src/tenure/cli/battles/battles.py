"""The commands about battles. What is shown of an event is what its players are told: never the board."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from tenure import Event, NotFound, Store
from tenure.cli.looking import InSession
from tenure.cli.output import Output, fields, instant, print_list, print_more, print_one, text
from tenure.cli.session import wanted_state
from tenure.services.battles.api.views import STATES, shown, shown_seat
from tenure.services.battles.kinds import kinds
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.operating import Operating
from tenure.services.battles.refusals import Unknown
from tenure.services.battles.rules.known import MODES
from tenure.services.battles.surveying import Step, Survey, step

COLUMNS = ("id", "state", "since", "mode", "level", "players", "turn", "instance", "reason")
SEAT_COLUMNS = ("player", "state", "since", "kept_until")


async def list_battles(
    *, state: str | None = None, limit: int = 50, after: str | None = None, session: InSession
) -> None:
    """List battles: those that are under way, or those of a state.

    Parameters
    ----------
    state
        Only battles in this state: offered, ready, running, over or void.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    wanted = wanted_state(state, STATES, Battle.live, "a battle")
    async with session.store_of(kinds) as store:
        found = await store.find(wanted, limit=max(limit, 1), after=after)
    print_list(session.output, [shown(battle) for battle in found], COLUMNS)
    print_more(session.output, found, limit)


async def show(battle: str, /, *, limit: int = 1000, session: InSession) -> None:
    """Show a battle: who runs it, its seats, and what happened in it, as its players are told.

    Parameters
    ----------
    battle
        The battle's id.
    limit
        At most so many events, the last ones.
    """
    async with session.store_of(kinds) as store:
        found = await _the_battle(store, battle)
        survey = Survey(store, MODES)
        seats = [shown_seat(seat) for seat in await survey.seats(found)]
        steps = await survey.steps(found.id, after=max(found.version - max(limit, 1), 0), limit=max(limit, 1))
    if session.output.as_json:
        session.output.json({**shown(found), "seats": seats, "timeline": steps})
        return
    print_one(session.output, shown(found))
    if seats:
        session.output.say("\nSeats", "bold")
        print_list(session.output, seats, SEAT_COLUMNS)
    session.output.say("\nWhat happened", "bold")
    rows = [(s.version, instant(s.at), s.name, s.state, s.by, s.why, s.instance, fields(s.fields)) for s in steps]
    session.output.table(("version", "at", "what", "state", "by", "why", "instance", "told"), rows)


async def watch(
    battle: str | None = None, /, *, after: int | None = None, limit: int | None = None, session: InSession
) -> None:
    """Print what happens in a battle, or in all of them, as their players are told, until Ctrl-C.

    Parameters
    ----------
    battle
        Only this battle.
    after
        Begin after this position of the space (of a battle: after this version); 0 begins with the oldest.
    limit
        End after so many events.
    """
    left = limit
    async with session.store_of(kinds) as store, aclosing(_events(store, battle, after)) as events:
        async for event in events:
            _print_step(session.output, event.id, step(event))
            left = None if left is None else left - 1
            if left is not None and left <= 0:
                return


async def break_off(battle: str, /, *, reason: str = "", session: InSession) -> None:
    """End a battle without a winner. Its players may queue anew at once.

    Parameters
    ----------
    battle
        The battle's id.
    reason
        Why, which the players are told; else that an operator broke it off.
    """
    async with session.store_of(kinds) as store:
        print_one(session.output, shown(await Operating(store).break_off(battle, reason)))


async def _the_battle(store: Store, id: str) -> Battle:
    try:
        return await store.get(Battle, id)
    except NotFound:
        raise Unknown("there is no such battle, or none any more") from None


async def _events(store: Store, battle: str | None, after: int | None) -> AsyncGenerator[Event[Battle], None]:
    if battle is None:
        async for event in store.feed(Battle, after=after):
            yield event
        return
    found = await _the_battle(store, battle)
    async for event in store.watch(Battle, found.id, after=found.version if after is None else after):
        yield event


def _print_step(output: Output, battle: str, event: Step) -> None:
    if output.as_json:
        output.json({"battle": battle, **msgspec.structs.asdict(event)})
        return
    parts = (
        instant(event.at), battle, f"v{event.version}", event.name, event.state, f"by {event.by}",
        f"because {event.why}" if event.why else "", f"on {event.instance}" if event.instance else "",
        fields(event.fields),
    )  # fmt: skip
    output.say("  ".join(text(part) for part in parts if part))
