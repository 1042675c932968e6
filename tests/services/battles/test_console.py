"""The operators' page of battles as it is sent: who may look, what is shown, what its forms do, what never leaks."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.desks import paths_of
from tests.services.battles.making import NOTHING, until
from tests.services.battles.operating import ADMIN_KEY, SEED, Site, a_site, leave_behind

from tenure import seconds
from tenure.services.battles.console import words
from tenure.services.battles.console.http import Console
from tenure.services.battles.lifecycle import Battle, Connection, Instance, Seat
from tenure.services.battles.watching import Watching

MARKUP = "<script>alert(1)\"'&`{{7*7}}"


async def paths(site: Site) -> list[str]:
    """Furnish a site with something of everything, and give all of its pages."""
    battle = await site.a_battle()
    await site.world.play(battle, turns=3)
    over = await site.a_battle("eve", "joe")
    await site.world.play(over)
    await site.node.waiting("kim", level=4)
    return ["/", "/battles", "/battles?state=over", f"/battles/{battle}", f"/battles/{over}",
            f"/instances/{site.node.id}", "/health", "/left"]  # fmt: skip


# ------------------------------------------------------------------------------------ who may look


async def test_every_route_but_the_way_in_wants_a_session() -> None:
    async with a_site(logged_in=False) as site:
        routes = Console(site.node.service, Watching(site.node.service)).routes()
        assert paths_of(routes) >= {"/", "/live", "/live/battle", "/left", "/{what}/{id}/{action}"}
        assert await site.refused_to_strangers(routes) == paths_of(routes)


async def test_the_key_lets_in_with_a_cookie_of_this_page_alone() -> None:
    async with a_site(logged_in=False) as site:
        assert await site.log_in("wrong") == 401
        answer = await site.send("/login", {"key": ADMIN_KEY, "next": "/battles?state=over"})
        assert answer.headers["Location"] == "/console/battles?state=over"
        for part in ("tenure_battles=", "HttpOnly", "SameSite=strict", "Path=/console"):
            assert part in answer.headers["Set-Cookie"]


async def test_a_form_without_the_sessions_token_does_nothing() -> None:
    async with a_site() as site:
        battle = await site.a_battle()
        before = await site.store.position()
        for path in (f"/battles/{battle}/break_off", f"/instances/{site.node.id}/drain", "/left/all/clean"):
            await site.sends_without_token(path)
        assert await site.store.position() == before


# ------------------------------------------------------------------------------------ what is shown


async def test_the_overview_has_instances_with_their_leases_queues_by_level_and_battles() -> None:
    async with a_site() as site:
        other = await site.another()
        battle = await site.a_battle(other=other)
        for player, level in (("kim", 4), ("lee", 9)):
            await site.node.waiting(player, level=level)
        page = await site.page("/")
        for node, sockets in ((site.node, 3), (other, 1)):
            row = page.partition(f'/instances/{node.id}">')[2].partition("</tr>")[0]
            assert "server-1.example, 7" in row
            assert f'data-label="Sockets">{sockets}<' in row
            lease = (await site.store.get(Instance, node.id)).beaten_at + seconds(10)
            assert f'<time datetime="{lease:%Y-%m-%dT%H:%M:%S}Z"' in row
        assert page.count("this one") == 1
        levels = re.findall(r'<td data-label="Level">(\d+)</td><td data-label="Players">.*?</meter> (\d+)', page)
        assert levels == [("4", "1"), ("9", "1")]
        assert "2 wait, the first since" in page
        assert f'/battles/{battle}"' in page
        assert '<a href="/console/battles?state=running"><b>1</b> being played</a>' in page


async def test_a_battle_shows_who_runs_it_its_seats_and_its_timeline_with_reasons() -> None:
    async with a_site() as site:
        other = await site.another()
        battle = await site.a_battle(other=other)
        before = (await site.store.get(Battle, battle)).turn
        acts = (await site.store.get(Battle, battle)).acts[0]
        await site.node.cast(battle, acts, "fireball")  # there is not enough mana for it
        await site.node.cast(battle, acts, "spark")
        await site.world.turn(battle, before)
        connection = next(id for id, player in other.presence._players.items() if player == "bob")
        await other.presence.disconnect(connection)
        page = await site.page(f"/battles/{battle}")
        owner = await site.world.owner(battle)
        assert f'/instances/{owner.id}"' in page.partition("<dt>run by</dt>")[2][:200]
        assert "connection lost" in page.partition("<b>bob</b>")[2].partition("</tr>")[0]
        assert "kept until" in page
        timeline = page.partition('<ol class="timeline">')[2]
        for said in ("Offered", "Everybody has confirmed", "Taken by an instance", "The turn is played",
                     "A move was against the rules", "advice: fireball needs 25 mana", "spell: spark"):  # fmt: skip
            assert said in timeline, said
        assert "by matcher@" in timeline


async def test_no_page_shows_a_board_or_the_chance_in_it() -> None:
    async with a_site() as site:
        shown = await paths(site)
        boards = [one.board for one in await site.store.find(Battle.running) + await site.store.find(Battle.over)]
        assert boards
        assert all(str(SEED).encode() in bytes(board) for board in boards)  # so there is something to leak
        for path in shown:
            page = await site.page(path)
            assert str(SEED) not in page, path
            assert "seed" not in page, path


async def test_lists_go_by_state_and_by_pages_and_refuse_what_is_not_there() -> None:
    async with a_site() as site:
        now = await site.store.now()
        made = [
            Battle.create(f"b{n:03}", ends_by=now + seconds(900), mode="wizards", level=1, players=("ann", "bob"))
            for n in range(51)
        ]
        await site.store.submit([[each] for each in made])
        first = await site.page("/battles")
        ids = re.findall(r'href="/console/battles/(b\d+)"', first)
        assert (len(ids), ids[0], ids[-1]) == (50, "b050", "b001")
        assert 'href="/console/battles?after=b001"' in first
        assert re.findall(r'href="/console/battles/(b\d+)"', await site.page("/battles?after=b001")) == ["b000"]
        assert "None of these" in await site.page("/battles?state=over")
        for path, status in (("/battles?state=x", 422), ("/battles?after=x", 422), ("/battles/x", 404),
                             ("/instances/x", 404), ("/go?id=x", 404), ("/x/y/z", 405)):  # fmt: skip
            assert (await site.get(path)).status == status, path


async def test_an_id_or_a_players_name_leads_to_its_page() -> None:
    async with a_site() as site:
        battle = await site.a_battle()
        for id, place in ((battle, f"/battles/{battle}"), ("bob", f"/battles/{battle}"),
                          (site.node.id, f"/instances/{site.node.id}")):  # fmt: skip
            answer = await site.get(f"/go?id={id}")
            assert (answer.status, answer.headers["Location"]) == (303, f"/console{place}")


# ------------------------------------------------------------------------------------ what is done


async def test_an_operator_breaks_a_battle_off_with_a_reason_once() -> None:
    async with a_site() as site:
        battle = await site.a_battle()
        status, why = await site.refused(f"/battles/{battle}/break_off", reason="x" * 201)
        assert (status, why) == (422, "`reason` must be at most 200 characters on one line")
        assert "may queue anew" in await site.done(f"/battles/{battle}/break_off", reason="power cut")
        page = await site.page(f"/battles/{battle}")
        assert "That is so because power cut." in page
        assert "by console" in page.partition('<ol class="timeline">')[2]
        assert f"{battle}/break_off" not in page
        assert (await site.refused(f"/battles/{battle}/break_off"))[0] == 409
        assert (await site.refused("/battles/none/break_off"))[0] == 404


async def test_an_operator_drains_an_instance_once() -> None:
    async with a_site() as site:
        other = await site.another()
        id = other.id
        assert "lets nobody in" in await site.done(f"/instances/{id}/drain")
        await until(lambda: other.presence.draining)
        page = await site.page(f"/instances/{id}")
        assert "It stays so until it is started anew." in page
        assert f"{id}/drain" not in page
        assert (await site.refused(f"/instances/{id}/drain"))[0] == 409


async def test_what_dead_instances_left_is_listed_with_its_reasons_before_it_is_cleaned_up() -> None:
    async with a_site() as site:
        assert "Nothing is left" in await site.page("/left")
        await leave_behind(site.world)
        page = await site.page("/left")
        assert "it gave no sign of life since" in page.partition(">dead<")[2]
        assert (await site.store.get(Instance, "dead")).state == Instance.up
        assert await site.done("/left/all/clean") == "What dead instances had left is cleaned up."
        assert (await site.store.get(Instance, "dead")).state == Instance.gone
        assert ">dead<" not in await site.page("/left")


async def test_what_is_wrong_is_said_with_its_reason() -> None:
    async with a_site() as site:
        await site.page("/health")
        site.node.service.echo.missed = 3
        for _ in range(6):
            await site.world.pass_time(4)
        for path in ("/", "/health"):
            page = await site.page(path)
            assert "nobody matches the mode wizards" in page, path
            assert "this process is deaf" in page, path
        assert page.count("not well") == 2


# ------------------------------------------------------------------------------------ live, and plain text


async def test_a_page_hears_that_something_has_changed_and_that_of_a_battle_of_nothing_else() -> None:
    async with a_site() as site:
        battle = await site.a_battle()
        streams = {}
        for path in ("/", f"/battles/{battle}"):
            found = re.search(r'data-stream="/console([^"]+)"', await site.page(path))
            assert found
            streams[path] = found[1]
        await site.node.waiting("kim")
        for path, expected in (("/", b"event: change\n"), (f"/battles/{battle}", b": here\n")):
            async with site.client.get(site.url(streams[path])) as stream:
                assert await stream.content.readline() == expected, path
        async with site.client.get(site.url(streams[f"/battles/{battle}"])) as stream:
            assert await stream.content.readline() == b": here\n"
            await site.node.cast(battle, (await site.store.get(Battle, battle)).acts[0])
            lines = [(await stream.content.readline()).strip() for _ in range(3)]
            assert lines[1] == b"event: change"
            assert json.loads(lines[2].removeprefix(b"data: ")) == {}


async def test_everything_is_escaped_and_nothing_is_loaded_from_elsewhere() -> None:
    async with a_site() as site:
        now = await site.store.now()
        instance = await site.store.apply(Instance.create("i1", host=MARKUP))
        await site.store.apply(Connection.create("c1", instance="i1", player=MARKUP, transport=MARKUP))
        await site.store.apply(
            Battle.create("b1", ends_by=now + seconds(900), mode=MARKUP, level=1, players=(MARKUP, "bob"))
        )
        await site.store.apply(Battle.start("b1", board=NOTHING, acts=(MARKUP,), turn_ends_at=None))
        await site.store.apply(Battle.say("b1", player=MARKUP, text=MARKUP))
        await site.store.apply(Battle.break_off("b1", reason=MARKUP))
        for path in ("/", "/battles?state=void", "/battles/b1", f"/instances/{instance.id}", "/health",
                     "/battles/%3Cscript%3E", "/?done=%3Cscript%3E", "/go?id=%3Cscript%3E"):  # fmt: skip
            answer = await site.get(path)
            page = await answer.text()
            assert "<script>" not in page, path
            assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page), path
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "&lt;script&gt;alert(1)" in await site.page("/battles/b1")
        assets = re.findall(r'(?:src|href)="/console(/assets/[^"]+)"', await site.page("/"))
        assert len(assets) == 2
        for path in assets:
            assert not re.search(rb"https?://", await (await site.get(path)).read())


# ------------------------------------------------------------------------------------ words


def test_each_state_each_transition_and_each_reason_has_its_words() -> None:
    kinds: tuple[Any, ...] = (Instance, Battle)
    assert {name for kind in (*kinds, Seat) for name in kind._declared.states} <= set(words.STATES)
    assert {name for kind in kinds for name in kind._declared.edges} <= set(words.EVENTS)
    assert set(Battle._declared.states) == set(words.BATTLE_IS_HERE)
    assert set(Instance._declared.states) == set(words.INSTANCE_IS_HERE)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"player": "ann", "number": "n1", "answer_to": 7}, "player: ann"),
        ({"reason": "conceded", "places": (1, 2)}, "one player gave up; places: 1, 2"),
        ({"shown": {"spell": "spark", "wizards": [{"life": 3}], "board": {"x": 1}}}, "spell: spark"),
        ({"reason": "our_own"}, "our own"),
        ({}, ""),
    ],
)
def test_details_are_what_players_are_told_on_one_line(fields: dict[str, Any], said: str) -> None:
    assert words.details(fields) == said
