"""What those who listen to a battle are told, and what not."""

from __future__ import annotations

import pytest
from tests.services.battles.making import a_world, spin, until

from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.messages import Happened, Message, SeatMoved, Signalled, Snapshot
from tenure.services.battles.room import topic_of


async def test_what_is_against_the_rules_is_answered_to_its_player_alone() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        ann, bob = await node.hears(battle, "ann"), await node.hears(battle, "bob")
        acts = (await world.store.get(Battle, battle)).acts[0]
        waits = "bob" if acts == "ann" else "ann"
        told = {"ann": ann, "bob": bob}
        await node.cast(battle, waits, number="early")
        await until(lambda: "refuse" in told[waits].names)
        await node.cast(battle, acts)
        await world.turn(battle, 0)
        await until(lambda: "advance" in told[acts].names and "advance" in told[waits].names)
        assert told[waits].names == ["act", "refuse", "act", "advance"]
        assert told[acts].names == ["act", "act", "advance"]
        refused = next(m for m in told[waits].told if isinstance(m, Happened) and m.name == "refuse")
        assert refused.fields["number"] == "early"
        assert "not your turn" in refused.fields["advice"]


async def test_a_listener_that_comes_back_gets_the_tail_or_how_things_stand_and_never_silence() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        line = await one.hears(battle, "ann")
        assert isinstance(line.told[0], Snapshot)
        assert b"seed" not in bytes(line.told[0].board)
        await world.play(battle, turns=2)
        await until(lambda: line.names == ["act", "advance"] * 2)
        cursor = line.cursor
        await world.play(battle, turns=2)
        back = await two.hears(battle, "ann", cursor=cursor)
        assert back.names == ["act", "advance"] * 2
        assert all("board" not in m.fields for m in back.told if isinstance(m, Happened))
        for number in range(201):
            await one.playing.say(battle, "bob", "hello", number=f"s{number}")
        far = await two.hears(battle, "ann", cursor=cursor)
        (snapshot,) = [m for m in far.told if isinstance(m, Snapshot)]
        assert (snapshot.turn, far.names) == (4, [])
        ahead = await two.hears(battle, "ann", cursor=10_000)
        assert isinstance(ahead.told[0], Snapshot)


async def test_a_listener_is_told_of_seats_and_a_slow_one_is_sent_away_and_holds_up_nobody() -> None:
    async with a_world() as world:
        one, two = await world.node(), await world.node()
        battle = await world.a_battle(one, two)
        line, slow = await one.hears(battle, "ann"), await one.hears(battle, "ann", room=4)
        (connection,) = [id for id, player in two.presence._players.items() if player == "bob"]
        await two.presence.disconnect(connection)
        away = SeatMoved(battle=battle, player="bob", state="away", version=2)
        await until(lambda: away in line.told)
        await world.play(battle, turns=3)
        await until(lambda: line.names == ["act", "advance"] * 3)
        assert slow.closed == ["resume_at_cursor"]
        assert len(slow.told) == 4


async def test_after_a_signal_that_nobody_understands_the_next_ones_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        line = await node.hears(battle, "ann")
        await spin()
        await node.store.signal(topic_of(battle), b"what is this?")
        await until(lambda: "room_failed" in caplog.text)

        async def heard() -> bool:
            await world.pass_time(0.25)
            await node.rooms.signal(battle, "bob", b'"types"')
            return any(isinstance(one, Signalled) for one in line.told)

        await until(heard)


async def test_after_an_event_that_can_not_be_told_the_next_ones_are_told(caplog: pytest.LogCaptureFixture) -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        ann, bob = await node.hears(battle, "ann"), await node.hears(battle, "bob")
        tell = ann.send

        def broken(message: Message) -> bool:  # noqa: ARG001
            ann.send = tell  # type: ignore[method-assign]
            raise ZeroDivisionError

        ann.send = broken  # type: ignore[method-assign]
        await node.playing.say(battle, "bob", "one", number="1")
        await until(lambda: "room_failed" in caplog.text)
        await node.playing.say(battle, "bob", "two", number="2")
        await world.pass_time(1)
        await until(lambda: ann.names == ["say"] and bob.names[-1] == "say")
