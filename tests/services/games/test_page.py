"""Players' own pages: what a link opens, what it does not, that it is live, and that it tells of nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from tests.services.games.calling import Caller, Site, a_caller, a_site

from tenure import hours, minutes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.page.http import MOST_OF_A_LINK
from tenure.services.games.page.lifecycle import PlayerLink
from tenure.services.games.page.links import Links, NoPage, links_of
from tenure.services.games.page.reading import HERE, ON_A_PAGE, Reading
from tenure.services.games.refusals import NotThen, Unknown

NOWHERE = "this link opens no page"
PATIENCE_SECONDS = 100


async def link_of(caller: Caller, player: str) -> str:
    """Give a player a link, and give its path."""
    url: str = (await caller.post(f"/players/{player}/link"))["url"]
    return url


async def played(caller: Caller, *riot_ids: str, length: int = 20, ending: str = "decided") -> str:
    """Let players play a game that is over with its result, and give its match."""
    match = caller.tracking.world.start(*riot_ids).match_id
    await caller.tracking.turn()
    await caller.tracking.passes(minutes(length), step=minutes(length / 2))
    caller.tracking.world.end(match, ending=ending)  # type: ignore[arg-type]
    await caller.tracking.passes(minutes(3))
    return match


# ------------------------------------------------------------------------------------ what is shown


async def test_a_link_opens_games_results_and_timeline_without_any_key() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        path = await link_of(caller, ada)
        empty = await caller.call("GET", path, headers={})
        assert (empty.status, b"In no game" in empty.body, b"None so far" in empty.body) == (200, True, True)
        won = await played(caller, "Ada#NA1")
        remake = await played(caller, "Ada#NA1", length=4, ending="remake")
        going_on = caller.tracking.world.start("Ada#NA1").match_id
        await caller.tracking.turn()
        answer = await caller.call("GET", path, headers={})
        page = answer.body.decode()
        for text in ("Ada", "ranked solo", "20 min", "<b>1</b> remake", "Tracking began", "The result came", "playing"):
            assert text in page, text
        assert all(match in page for match in (won, remake, going_on))
        assert "<form" not in page
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


async def test_a_page_says_nothing_of_others_who_were_in_the_game_nor_what_riot_answered() -> None:
    async with a_caller(keeps_raw=True) as caller:
        ada, eve = await caller.tracking.track("Ada#NA1", "Eve#NA1")
        match = await played(caller, "Ada#NA1", "Eve#NA1")
        alone = await played(caller, "Eve#NA1")
        games = {game.id: game for game in await caller.tracking.games()}
        puuids = [str((await caller.tracking.player(id)).puuid) for id in (ada, eve)]
        assert puuids[1] in str(games[f"{ada}/{match}"].raw_api_response), "there is something to keep back"
        page = (await caller.call("GET", await link_of(caller, ada), headers={})).body.decode()
        for text in ("Eve", eve, ada, alone, "puuid", "participants", *puuids):
            assert text not in page, text
        link = await link_of(caller, ada)
        for after in (alone, f"../{eve}/{alone}", f"{eve}/{alone}"):
            answer = await caller.call("GET", f"{link}?after={after}", headers={})
            assert (answer.status, b"begin again" in answer.body) == (422, True), after


async def test_what_operators_are_told_of_trouble_is_not_for_players() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        match = caller.tracking.world.start("Ada#NA1").match_id
        await caller.tracking.turn()
        late = hours(9).total_seconds()
        caller.tracking.world.end(match, result_seconds=late, listed_seconds=late)
        await caller.tracking.passes(hours(2), step=minutes(2))
        game = await caller.tracking.game(match)
        assert game.last_error
        page = (await caller.call("GET", await link_of(caller, ada), headers={})).body.decode()
        assert "No result so far: it is asked for again" in page
        assert game.last_error[:20] not in page


async def test_games_go_on_page_by_page() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        now = await caller.tracking.store.now()
        matches = [f"NA1_{9000 + number}" for number in range(ON_A_PAGE + 3)]
        for match in matches:
            await caller.tracking.store.apply(
                TrackedGame.create(
                    f"{ada}/{match}", player=ada, match=match, title="lol", lot=1, match_lot=1, due_at=now,
                    queue_id=420, started_at=now,
                )
            )  # fmt: skip
        at, rows = await link_of(caller, ada), 0
        while at:
            page = (await caller.call("GET", at, headers={})).body.decode()
            rows += page.count('data-label="Result"')
            following = re.search(r'rel="next" href="([^"]+)"', page)
            at = following[1] if following else ""
        assert rows == len(matches)


async def test_what_a_player_calls_themselves_is_text() -> None:
    async with a_caller() as caller:
        player = await caller.tracking.service.players.add("<b>{{7*7}}</b>#<i>", "na1")
        page = (await caller.call("GET", await link_of(caller, player.id), headers={})).body.decode()
        assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in page


def test_each_state_of_a_player_has_words() -> None:
    assert set(HERE) == set(TrackedPlayer.live.names)


# ------------------------------------------------------------------------------------ what opens nothing


async def test_a_forged_a_foreign_and_a_revoked_link_open_nothing_and_look_alike() -> None:
    async with a_caller() as caller:
        ada, eve = await caller.tracking.track("Ada#NA1", "Eve#NA1")
        mine, hers = await link_of(caller, ada), await link_of(caller, eve)
        id, _, signature = mine.removeprefix("/page/").partition(".")
        other_id, _, other_signature = hers.removeprefix("/page/").partition(".")
        elsewhere = Links(caller.tracking.store, "another server's key")
        found = await elsewhere.find(ada)
        revoked = await link_of(caller, eve)
        assert (await caller.call("DELETE", f"/players/{eve}/link")).status == 200
        swapped = "A" if signature[0] != "A" else "B"
        wrong = [
            f"{id}.{other_signature}", f"{other_id}.{signature}", f"{id}.{swapped}{signature[1:]}", f"{id}.", id,
            f"{id}.{'A' * 32}", f"{'0' * 16}.{signature}", "x", f"{id}.{signature}x", f"{id.upper()}.{signature}",
            found, ada, "..", "%00", "%ff", "💥", "x" * 5000, revoked.removeprefix("/page/"),
        ]  # fmt: skip
        before, bodies = await caller.position(), set[bytes]()
        for token in wrong:
            for path in (f"/page/{token}", f"/page/{token}/live"):
                answer = await caller.call("GET", path, headers={})
                assert answer.status == 404, path
                if path.endswith("/live"):
                    continue
                bodies.add(answer.body)
                assert NOWHERE in answer.body.decode()
                assert "noindex" in answer.headers["x-robots-tag"]
        assert len(bodies) == 1
        assert await caller.position() == before
        assert (await caller.call("GET", mine, headers={})).status == 200
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await caller.call(method, mine)).status == 405


async def test_the_link_after_a_revoked_one_is_another_and_a_repeat_is_the_same() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        assert (await caller.call("GET", f"/players/{ada}/link")).json == {"player": ada, "url": None}
        first = await link_of(caller, ada)
        assert await link_of(caller, ada) == first
        assert (await caller.call("GET", f"/players/{ada}/link")).json["url"] == first
        for _ in range(2):
            assert (await caller.call("DELETE", f"/players/{ada}/link")).json == {"player": ada, "url": None}
        second = await link_of(caller, ada)
        assert second != first
        assert (await caller.call("GET", first, headers={})).status == 404
        assert (await caller.call("GET", second, headers={})).status == 200
        assert (await caller.call("POST", "/players/nobody/link")).status == 404


async def test_many_who_give_a_link_at_once_give_the_same_one() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        links = links_of(caller.tracking.store, caller.tracking.service.settings)
        assert len(set(await asyncio.gather(*(links.give(ada) for _ in range(10))))) == 1


async def test_a_removed_players_link_opens_nothing_though_nobody_swept() -> None:
    async with a_caller() as caller:
        (ada,) = await caller.tracking.track("Ada#NA1")
        path = await link_of(caller, ada)
        await caller.tracking.service.players.pause(ada)
        assert b"rests at present" in (await caller.call("GET", path, headers={})).body
        links = links_of(caller.tracking.store, caller.tracking.service.settings)
        await caller.tracking.store.apply(TrackedPlayer.remove(ada))
        assert (await caller.call("GET", path, headers={})).status == 404
        with pytest.raises(NotThen, match="add them anew"):
            await links.give(ada)
        await caller.tracking.store.advance(minutes(1))
        assert await caller.tracking.store.count(PlayerLink) == {"revoked": 1}


async def test_a_link_without_a_key_to_sign_it_is_not_made() -> None:
    async with a_caller() as caller:
        with pytest.raises(ValueError, match="a key is needed"):
            Links(caller.tracking.store, "")
        with pytest.raises(Unknown):
            await links_of(caller.tracking.store, caller.tracking.service.settings).revoke("nobody")
        with pytest.raises(NoPage):
            await links_of(caller.tracking.store, caller.tracking.service.settings).player_of("")


# ------------------------------------------------------------------------------------ that it is live


@asynccontextmanager
async def heard(site: Site, path: str) -> AsyncIterator[aiohttp.StreamReader]:
    """Open the stream that a page names."""
    page = await (await site.client.get(site.address + path)).text()
    found = re.search(r'data-stream="([^"]+)"', page)
    assert found
    async with asyncio.timeout(PATIENCE_SECONDS), site.client.get(site.address + found[1]) as answer:
        assert (answer.status, await answer.content.readline()) == (200, b": here\n")
        yield answer.content


async def next_event(stream: aiohttp.StreamReader) -> str:
    while line := await stream.readline():
        if line.startswith(b"event: "):
            return line.removeprefix(b"event: ").decode().strip()
    return "the end"


async def test_a_page_hears_of_its_own_players_games() -> None:
    async with a_site(logged_in=False) as site:
        (ada,) = await site.tracking.track("Ada#NA1")
        async with heard(site, await link_of(site.caller, ada)) as stream:
            site.tracking.world.start("Ada#NA1")
            await site.tracking.turn()
            assert await next_event(stream) == "change"


async def test_a_page_does_not_hear_that_others_play(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Queue[str]()

    class Looking(Reading):
        async def mark(self, player: TrackedPlayer) -> str:
            mark = await super().mark(player)
            looked.put_nowait(mark)
            return mark

    monkeypatch.setattr("tenure.services.games.page.http.Reading", Looking)
    monkeypatch.setattr("tenure.pages.streaming.SIGN_OF_LIFE_SECONDS", 1000.0)  # none is due by itself
    async with a_site(logged_in=False) as site:
        ada, _ = await site.tracking.track("Ada#NA1", "Eve#NA1")
        async with heard(site, await link_of(site.caller, ada)) as stream:
            await looked.get()
            site.tracking.world.start("Eve#NA1")
            await site.tracking.turn()
            await site.caller.call("DELETE", f"/players/{ada}/link")
            lines = [line async for line in stream]
            assert [line for line in lines if line.startswith(b"event")] == [b"event: over\n"]
            assert not [line for line in lines if line.startswith(b": still")], "nor does a sign of life tell it"
            assert looked.empty(), "nor does her game cost a look"


async def test_who_looks_at_a_page_is_shown_out_when_its_link_is_revoked() -> None:
    async with a_site(logged_in=False) as site:
        (ada,) = await site.tracking.track("Ada#NA1")
        async with heard(site, await link_of(site.caller, ada)) as stream:
            await site.caller.call("DELETE", f"/players/{ada}/link")
            assert await next_event(stream) == "over"
            assert await next_event(stream) == "the end"


async def test_what_happened_between_the_page_and_its_stream_is_told() -> None:
    async with a_site(logged_in=False) as site:
        (ada,) = await site.tracking.track("Ada#NA1")
        path = await link_of(site.caller, ada)
        async with asyncio.timeout(PATIENCE_SECONDS):
            async with site.client.get(f"{site.address}{path}/live?seen={'0' * 16}") as answer:
                assert await next_event(answer.content) == "change"


async def test_one_link_opens_only_so_many_streams_and_each_that_ends_makes_room() -> None:
    async with a_site(logged_in=False) as site:
        (ada,) = await site.tracking.track("Ada#NA1")
        address = f"{site.address}{await link_of(site.caller, ada)}/live"
        async with asyncio.timeout(PATIENCE_SECONDS):
            opened = [await site.client.get(address) for _ in range(MOST_OF_A_LINK)]
            for answer in opened:
                await answer.content.readline()
            async with site.client.get(address) as answer:
                assert answer.status == 503
            await site.caller.call("DELETE", f"/players/{ada}/link")
            for answer in opened:
                assert [await next_event(answer.content) for _ in range(3)] == ["change", "over", "the end"]
                answer.close()
            fresh = f"{site.address}{await link_of(site.caller, ada)}/live"
            async with site.client.get(fresh) as answer:
                assert answer.status == 200
