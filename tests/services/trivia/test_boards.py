"""Boards: by points, among equals whoever came there first; a week begins anew in the guild's own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.services.trivia.closings import GUILD, START, Closings, a_question, some_closings

from tenure import days, hours, minutes, seconds
from tenure.services.trivia import counting
from tenure.services.trivia.boards import category_board, standing, week_of
from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.lifecycle import Answer, Guild, Score
from tenure.services.trivia.refusals import Unknown


async def play(closings: Closings, *right: str, wrong: tuple[str, ...] = (), **more: Any) -> None:
    """Play one question, which these get right, a second apart."""
    game = await closings.a_game(**more)
    for member in right:
        await closings.answer(game, member, "B")
        await closings.store.advance(seconds(1))
    for member in wrong:
        await closings.answer(game, member, "A")
    await closings.finish(game)


async def board(closings: Closings, name: str = "all") -> list[tuple[int | None, str, int]]:
    return [(place.place, place.member, place.points) for place in await closings.boards.places(GUILD, name)]


async def test_a_board_is_in_the_order_of_points() -> None:
    async with some_closings() as closings:
        await play(closings, "ada", wrong=("bob",), question=a_question(difficulty="easy"))
        await play(closings, "bob", question=a_question(difficulty="hard"))
        assert await board(closings) == [(1, "bob", 3), (2, "ada", 1)]


async def test_among_equals_whoever_came_there_first_is_before() -> None:
    async with some_closings() as closings:
        await play(closings, "cleo", "bob", "ada")
        assert [member for _, member, _ in await board(closings)] == ["cleo", "bob", "ada"]
        await play(closings, "ada", wrong=("cleo",))
        await play(closings, "bob", "cleo")
        # A wrong answer costs no place among those who have as much.
        assert [member for _, member, _ in await board(closings)] == ["ada", "bob", "cleo"]


async def test_whoever_came_first_is_before_though_the_store_received_all_in_one_instant() -> None:
    async with some_closings() as closings:
        for order in ("cleo bob ada dora", "ada dora bob cleo", "bob cleo dora ada"):
            game = await closings.a_game()
            for member in order.split():
                await closings.answer(game, member)
            await closings.finish(game)
            for number in (1, 2, 4):
                places = await closings.boards.places(GUILD, limit=number)
                assert [place.member for place in places] == order.split()[:number]
            assert (await closings.boards.stats(GUILD, order.split()[1])).all_time.place == 2


async def test_the_order_of_one_instant_holds_over_several_transactions_and_a_closer_that_is_killed_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 3)
    async with some_closings() as closings:
        members = [f"m{number:02}" for number in range(10)]
        await play(closings, *members)
        game = await closings.a_game()
        for member in reversed(members):
            await closings.answer(game, member)
        await closings.games.close(game.id)
        closer = counting.Counting(closings.store.acting("another"))
        find, left = closer._store.find, 2

        async def until_killed(state: Any, **more: Any) -> Any:
            nonlocal left
            left -= state == Answer.given
            if left < 0:
                raise ChatAway("killed")
            return await find(state, **more)

        closer._store.find = until_killed  # type: ignore[method-assign]
        with pytest.raises(ChatAway):
            await closer.count(await closings.games.get(game.id))
        while await closings.closing.once():
            pass
        assert [member for _, member, _ in await board(closings)] == members[::-1]


def test_a_standing_orders_by_points_and_then_by_time_whatever_the_times_are() -> None:
    for points in (0, 1, 7, 2**17 - 1, 2**19):
        early, late = standing(points, START), standing(points, START + seconds(1))
        assert standing(points + 1, START + days(36_500)) < early < late < standing(points - 1, START - days(36_500))
        assert points >= 2**17 or standing(points, START + seconds(0.07)) > early


async def test_a_category_has_a_board_of_its_own_and_only_its_own_answers() -> None:
    async with some_closings() as closings:
        await play(closings, "ada", question=a_question(category="Rivers"))
        await play(closings, "bob", question=a_question(category="Art/Music\n" + "x" * 300))
        assert await board(closings, category_board("Rivers")) == [(1, "ada", 2)]
        (name,) = [s.board for s in await closings.boards.of(GUILD, "bob") if s.board.startswith("category:A")]
        assert await board(closings, name) == [(1, "bob", 2)]
        assert "/" not in name


async def test_a_guilds_week_begins_in_its_own_time_zone_and_on_its_own_day() -> None:
    async with some_closings(time_zone="America/New_York", week_starts=6) as closings:
        guild = await closings.store.get(Guild, GUILD)
        # It is still Saturday evening there, five hours behind.
        before = week_of(guild, datetime(2100, 1, 10, 4, 59, tzinfo=UTC))
        after = week_of(guild, datetime(2100, 1, 10, 5, tzinfo=UTC))
        assert (before.first_day, after.first_day) == (date(2100, 1, 3), date(2100, 1, 10))
        assert before.ends_at == after.begins_at == datetime(2100, 1, 10, 5, tzinfo=UTC)


async def test_a_week_in_which_the_clocks_change_has_its_true_length() -> None:
    async with some_closings(time_zone="Europe/Berlin") as closings:
        guild = await closings.store.get(Guild, GUILD)
        spring = week_of(guild, datetime(2026, 3, 28, tzinfo=UTC))
        autumn = week_of(guild, datetime(2026, 10, 24, tzinfo=UTC))
        assert (spring.ends_at - spring.begins_at, autumn.ends_at - autumn.begins_at) == (hours(167), hours(169))


async def test_a_new_week_begins_with_an_empty_board_and_the_old_one_is_kept_for_28_days_more() -> None:
    async with some_closings() as closings:
        await play(closings, "ada")
        monday = await closings.boards.this_week(GUILD)
        assert await board(closings, monday.board) == [(1, "ada", 2)]
        await closings.store.advance(days(7))
        tuesday = await closings.boards.this_week(GUILD)
        assert await board(closings, tuesday.board) == []
        await play(closings, "bob")
        assert await board(closings, tuesday.board) == [(1, "bob", 2)]
        await closings.store.advance(monday.until - await closings.store.now() - minutes(1))
        assert await board(closings, monday.board) == [(1, "ada", 2)]
        await closings.store.advance(minutes(2))
        assert await board(closings, monday.board) == []
        assert [member for _, member, _ in await board(closings)] == ["ada", "bob"]


async def test_a_game_that_is_counted_long_after_its_week_counts_for_all_time_only() -> None:
    async with some_closings() as closings:
        await play(closings, "ada", slot=START - days(60))
        assert [score.board for score in await closings.boards.of(GUILD, "ada")] == ["all", "category:Sums"]


async def test_what_a_member_has_is_told_in_one_look() -> None:
    async with some_closings() as closings:
        await play(closings, "bob", "ada", question=a_question(category="Rivers"))
        await play(closings, "bob", wrong=("ada",))
        stats = await closings.boards.stats(GUILD, "ada")
        assert (stats.name, stats.all_time.place, stats.all_time.points) == ("Ada", 2, 2)
        assert (stats.all_time.answered, stats.all_time.correct) == (2, 1)
        assert stats.week is not None
        assert (stats.week.place, stats.week.points) == (2, 2)
        assert {name: place.points for name, place in stats.categories.items()} == {"Rivers": 2, "Sums": 0}


async def test_nobody_is_told_of_who_has_never_answered_or_of_no_guild() -> None:
    async with some_closings() as closings:
        for ask in (
            closings.boards.stats(GUILD, "ada"), closings.boards.stats("absent", "ada"),
            closings.boards.places("absent"), closings.boards.this_week("\0"),
        ):  # fmt: skip
            with pytest.raises(Unknown):
                await ask
        assert await board(closings, "week:nonsense") == await board(closings, "nonsense") == []


async def test_a_member_who_is_taken_off_all_boards_begins_anew() -> None:
    async with some_closings() as closings:
        await play(closings, "ada", "bob")
        assert await closings.boards.erase(GUILD, "ada") == 3
        assert [member for _, member, _ in await board(closings)] == ["bob"]
        assert await closings.boards.of(GUILD, "ada") == []
        await play(closings, "ada")
        assert await board(closings) == [(1, "bob", 2), (2, "ada", 2)]
        assert (await closings.store.count(Score))["lasting"] == 4
