"""The tracker as a process runs it: with our own stand-in where there is no key, and with nobody to ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import tenure
from tenure import Store
from tenure.services.games.hosting import HostedGames
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.riot.contract import KeyRefused
from tenure.services.games.settings import Settings


async def until(store: Store, id: str, state: str) -> None:
    """Wait until a player is in a state."""
    async for event in store.watch(TrackedPlayer, id):
        if event.target.name == state:
            return


async def test_without_a_key_a_stand_in_answers_whose_players_are_tracked_at_once(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        await store.sweep()
        hosted = HostedGames(store, Settings(admin_key="a", stand_in=True))
        async with hosted.running(), asyncio.timeout(30):
            ada = await hosted.service.players.add("Ada#NA1", "na1")
            await until(store, ada.id, "tracked")
            nobody = await hosted.service.players.add("Nobody#NA1", "na1")
            await until(store, nobody.id, "unknown")
            assert hosted.trouble == ""
            await hosted.shut_down(keep=False)


async def test_without_a_key_and_a_stand_in_it_says_so_as_soon_as_somebody_is_to_be_tracked(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        await store.sweep()
        hosted = HostedGames(store, Settings(admin_key="a"))
        assert hosted.trouble == ""
        await hosted.service.players.add("Ada#NA1", "na1")
        with pytest.raises(KeyRefused, match="TENURE_GAMES_RIOT_KEY"):
            await hosted.service.accounts.once()
        assert "TENURE_GAMES_STAND_IN=1" in hosted.trouble


def test_a_key_is_never_shown_and_comes_before_the_stand_in() -> None:
    settings = Settings.read({"TENURE_GAMES_RIOT_KEY": "RGAPI-secret", "TENURE_GAMES_STAND_IN": "1"}, admin_key="a")
    assert settings.stand_in
    assert "RGAPI-secret" not in repr(settings)


async def test_with_a_key_there_is_no_stand_in(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        hosted = HostedGames(store, Settings(admin_key="a", riot_key="RGAPI-secret", stand_in=True))
        assert hosted.stand_in is None
        assert "RGAPI" not in hosted.service.asking.key_mark
