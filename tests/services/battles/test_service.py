"""The service as a whole: how it begins, stops, and is set up."""

from __future__ import annotations

import pytest
from tests.services.battles.making import START, until

from tenure import testing
from tenure.http.environment import WrongSetting
from tenure.services.battles.lifecycle import Battle, Connection, Instance
from tenure.services.battles.refusals import Elsewhere
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings


def settings(**environment: str) -> Settings:
    return Settings.read(environment, base_url="http://127.0.0.1:1/", admin_key="the-admins-key", host="h", pid=7)


async def test_a_server_that_stops_hands_over_what_it_runs_and_leaves_at_once() -> None:
    async with testing.store(*kinds, space="battles", at=START) as store:
        service = BattlesService(store, settings())
        async with service.running():
            await until(lambda: service.presence.instance)
            instance = str(service.presence.instance)
            for player in ("ann", "bob"):
                connection = await service.presence.connect(player)
                await service.queue.join(connection.id, mode="wizards", level=1)
            (battle,) = await until(lambda: store.find(Battle.offered))
            for player in ("ann", "bob"):
                await service.queue.confirm(player, battle.id)
            await until(lambda: service.running_battles.battles)
            assert service.trouble == ""
            await service.shut_down(keep=True)
            assert (await store.get(Battle, battle.id)).state == Battle.ready
            with pytest.raises(Elsewhere):
                await service.presence.connect("cid")
        assert (await store.get(Instance, instance)).state == Instance.gone
        await store.sweep()
        assert await store.find(Connection.open) == []


def test_settings_are_read_from_the_environment() -> None:
    read = settings(TENURE_BATTLES_GRACE_SECONDS="30", TENURE_BATTLES_MOST="5", TENURE_BATTLES_RUNS="no")
    assert (read.base_url, read.grace_seconds, read.most_battles) == ("http://127.0.0.1:1", 30.0, 5)
    assert (read.runs, read.matches, read.confirm_seconds) == (False, True, 20.0)
    assert "the-admins-key" not in repr(read)
    assert read.origins == {"http://127.0.0.1:1"}
    named = settings(TENURE_BATTLES_ORIGINS="https://Game.example.org, http://127.0.0.1:8701/")
    assert named.origins == read.origins | {"https://game.example.org", "http://127.0.0.1:8701"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TENURE_BATTLES_GRACE_SECONDS", "0"),
        ("TENURE_BATTLES_MOST", "many"),
        ("TENURE_BATTLES_RUNS", "maybe"),
        ("TENURE_BATTLES_ORIGINS", "game.example.org"),
        ("TENURE_BATTLES_ORIGINS", "https://game.example.org/play"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=name):
        settings(**{name: value})
