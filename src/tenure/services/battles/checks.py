"""What players may send: names, levels, moves and texts, each within bounds."""

from __future__ import annotations

import re
import secrets

import msgspec

from tenure.services.battles.refusals import Wrong

PLAYER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
HIGHEST_LEVEL = 10_000
MOST_OF_A_MOVE = 4096
MOST_OF_A_TEXT = 500


def new_id() -> str:
    """Make the id of an instance, a connection, a ticket or a battle: never the same one twice, on no machine."""
    return secrets.token_hex(8)


def check_player(player: str) -> None:
    """Raise `Wrong` unless it can be a player's name."""
    if not PLAYER.fullmatch(player):
        raise Wrong("a player's name has 1 to 64 of A-Z a-z 0-9 _ . - and begins with a letter or digit")


def check_level(level: int) -> None:
    """Raise `Wrong` unless it is a level."""
    if not 0 <= level <= HIGHEST_LEVEL:
        raise Wrong(f"`level` must be a number from 0 to {HIGHEST_LEVEL}")


def check_number(number: str) -> None:
    """Raise `Wrong` unless it can be a player's own number of a command."""
    if not NUMBER.fullmatch(number):
        raise Wrong("a command's id has 1 to 64 of A-Z a-z 0-9 _ -")


def check_text(text: str) -> None:
    """Raise `Wrong` unless it can be said."""
    if not text.strip() or len(text) > MOST_OF_A_TEXT or not text.isprintable():
        raise Wrong(f"a text has 1 to {MOST_OF_A_TEXT} printable characters")


def checked_move(move: bytes) -> msgspec.Raw:
    """Give a move as the rules will read it. Raises `Wrong` unless it is JSON of some size."""
    if len(move) > MOST_OF_A_MOVE:
        raise Wrong(f"a move has at most {MOST_OF_A_MOVE:,} bytes")
    try:
        read = msgspec.json.decode(move)
        return msgspec.Raw(msgspec.json.encode(read))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Wrong("a move is JSON") from None
