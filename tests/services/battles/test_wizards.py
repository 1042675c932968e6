"""The rules of wizards: pure, fair within their bounds, and always at an end."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.services.battles.rules.contract import Against, Standing
from tenure.services.battles.rules.wizards import LIFE, MOST_MANA, MOST_TURNS, SPELLS, Wizards

RULES, PLAYERS = Wizards(), ("ann", "bob")
seeds = st.integers(0, 2**63 - 1)
steps = st.lists(st.sampled_from([*SPELLS, "pass"]), max_size=MOST_TURNS + 5)


def begun(seed: int = 1) -> Standing:
    return RULES.begin(PLAYERS, seed)


def cast(now: Standing, spell: str, player: str | None = None) -> Standing:
    return RULES.act(now.board, player or now.acts[0], msgspec.Raw(json.dumps({"spell": spell}).encode()))


def view(now: Standing, player: str = "ann") -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(bytes(RULES.view(now.board, player)))
    return seen


def step(now: Standing, spell: str) -> Standing:
    """Cast a spell, or let the turn pass where it can't be paid."""
    if spell == "pass":
        return RULES.time_out(now.board)
    try:
        return cast(now, spell)
    except Against:
        return RULES.time_out(now.board)


@given(seeds, steps)
def test_whatever_is_played_all_stays_in_its_bounds_and_the_same_again_is_the_same(
    seed: int, spells: list[str]
) -> None:
    first, again = begun(seed), begun(seed)
    for turn, spell in enumerate(spells, start=1):
        before = bytes(first.board)
        first, again = step(now := first, spell), step(again, spell)
        assert bytes(now.board) == before  # who asks the rules keeps what they had
        assert (first, bytes(first.board)) == (again, bytes(again.board))
        seen = view(first)
        assert all(0 <= w["life"] <= LIFE and 0 <= w["mana"] <= MOST_MANA for w in seen["wizards"])
        assert "seed" not in seen
        assert b"seed" not in bytes(first.shown)
        if first.places is not None:
            assert sorted(first.places) in ([1, 1], [1, 2])
            assert first.reason
            break
        assert (seen["turn"], first.acts) == (turn, (seen["acts"],))
        assert first.acts != now.acts


@given(seeds)
def test_a_battle_in_which_nobody_acts_is_a_draw_at_last(seed: int) -> None:
    now, turns = begun(seed), 0
    while now.places is None:
        now, turns = RULES.time_out(now.board), turns + 1
    assert (turns, now.places, now.reason) == (MOST_TURNS, (1, 1), "too_many_turns")


@given(seeds, steps, st.sampled_from(PLAYERS))
def test_whoever_concedes_loses_whosever_turn_it_is(seed: int, spells: list[str], player: str) -> None:
    now = begun(seed)
    for spell in spells:
        following = step(now, spell)
        if following.places is not None:
            break
        now = following
    assert RULES.concede(now.board, player).places == ((2, 1) if player == "ann" else (1, 2))


@given(st.binary(max_size=50) | st.text(max_size=50).map(lambda text: json.dumps(text).encode()))
def test_a_move_that_is_none_is_against_the_rules_and_no_error(move: bytes) -> None:
    now = begun()
    with pytest.raises(Against, match="spell"):
        RULES.act(now.board, now.acts[0], msgspec.Raw(move))


@pytest.mark.parametrize(
    ("spell", "theirs", "advice"),
    [("spark", False, "not your turn"), ("frogs", True, "no such spell"), ("fireball", True, "needs 25 mana")],
)
def test_who_breaks_the_rules_is_told_what_would_be_right(spell: str, theirs: bool, advice: str) -> None:  # noqa: FBT001
    now = begun()
    other = next(player for player in PLAYERS if player != now.acts[0])
    with pytest.raises(Against, match=advice):
        cast(now, spell, now.acts[0] if theirs else other)


def test_a_shield_halves_the_next_damage_and_no_other() -> None:
    now = cast(begun(), "shield")
    with_shield = view(cast(now, "spark"))
    without = view(cast(RULES.time_out(begun().board), "spark"))
    hurt = [min(w["life"] for w in seen["wizards"]) for seen in (with_shield, without)]
    assert LIFE - hurt[0] == (LIFE - hurt[1]) // 2
    assert not any(w["shielded"] for w in with_shield["wizards"])
