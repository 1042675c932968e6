from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tenure.services.battles.refusals import Wrong
from tenure.services.battles.sockets.tokens import LASTS, BadToken, Tokens

NOW = datetime(2100, 1, 1, tzinfo=UTC)
TOKENS = Tokens(b"a key of thirty-two bytes or more")


def test_a_token_says_who_plays_until_it_is_too_old() -> None:
    token = TOKENS.issue("ada.l-1", NOW)
    assert TOKENS.read(token, NOW) == "ada.l-1"
    assert TOKENS.read(token, NOW + LASTS - timedelta(seconds=1)) == "ada.l-1"
    with pytest.raises(BadToken):
        TOKENS.read(token, NOW + LASTS)


def test_no_changed_letter_of_a_token_is_let_through() -> None:
    token = TOKENS.issue("ada", NOW)
    for place, letter in enumerate(token):
        other = "B" if letter != "B" else "C"
        with pytest.raises(BadToken):
            TOKENS.read(token[:place] + other + token[place + 1 :], NOW)


def test_another_player_or_a_later_end_under_the_same_signature_is_refused() -> None:
    name, expires, signature = TOKENS.issue("ada", NOW).split(".")
    for forged in (
        f"{base64.urlsafe_b64encode(b'bob').decode()}.{expires}.{signature}",
        f"{name}.{int(expires) + 3600}.{signature}",
        f"{name}.{expires}.",
        f"{name}.{expires}",
    ):
        with pytest.raises(BadToken):
            TOKENS.read(forged, NOW)


@pytest.mark.parametrize("token", [None, 7, b"x", {}, "", ".", "..", "é.1.x", "a" * 501, "..." * 100, "\ud800"])
def test_what_is_no_token_is_refused_as_a_forged_one_is(token: object) -> None:
    with pytest.raises(BadToken) as forged:
        TOKENS.read(token, NOW)
    assert str(forged.value) == str(BadToken())


def test_the_key_of_another_space_makes_no_token_of_this_one() -> None:
    with pytest.raises(BadToken):
        TOKENS.read(Tokens(b"another key, as long as the first").issue("ada", NOW), NOW)
    with pytest.raises(ValueError, match="16 bytes"):
        Tokens(b"short")


@pytest.mark.parametrize("player", ["", "a" * 65, "a/b", "a b", "ä", "\0"])
def test_no_token_is_made_for_what_can_be_no_player(player: str) -> None:
    with pytest.raises(Wrong):
        TOKENS.issue(player, NOW)
