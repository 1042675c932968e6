"""Wizards: two players cast spells at one another in turn, until one has no life left."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from tenure.services.battles.rules.contract import Against, Standing

LIFE, MANA, MANA_A_TURN, MOST_MANA = 100, 20, 10, 50
TURN_SECONDS = 30.0
MOST_TURNS = 100
"""Then whoever has more life wins."""

SHIELD_TAKES = 2
"""A shield divides the next damage by this."""


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """What a spell costs, and between which bounds its effect is drawn."""

    mana: int
    least: int = 0
    most: int = 0
    on: Literal["other", "self", "shield"] = "other"


SPELLS = {
    "spark": Spell(mana=0, least=6, most=12),
    "bolt": Spell(mana=10, least=12, most=22),
    "fireball": Spell(mana=25, least=24, most=40),
    "heal": Spell(mana=15, least=10, most=20, on="self"),
    "shield": Spell(mana=8, on="shield"),
}


class Wizard(msgspec.Struct, kw_only=True):
    """One player, as everybody sees them."""

    player: str
    life: int = LIFE
    mana: int = MANA
    shielded: bool = False


class Board(msgspec.Struct, kw_only=True):
    """The whole game. `seed` is hidden from the players: it says how the next spell will go."""

    seed: int
    turn: int
    acts: int
    wizards: tuple[Wizard, Wizard]


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a player sends."""

    spell: str


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody is told of a step: who cast what with which effect, and how all stand then."""

    player: str
    spell: str
    effect: int
    wizards: tuple[Wizard, Wizard]


class Wizards:
    """The rules."""

    name = "wizards"
    players = 2

    def begin(self, players: tuple[str, ...], seed: int) -> Standing:
        """Let the first one of the pair begin, or the second, by chance."""
        one, two = players
        wizards = (Wizard(player=one), Wizard(player=two))
        return _standing(Board(seed=seed, turn=0, acts=_drawn(seed, 0, 0, 1), wizards=wizards), None)

    def act(self, board: msgspec.Raw, player: str, move: msgspec.Raw) -> Standing:
        """Cast a spell. Raises `Against`."""
        now = _read(board)
        if now.wizards[now.acts].player != player:
            raise Against("it is not your turn: wait until the other has cast a spell")
        try:
            spell = msgspec.json.decode(move, type=Move).spell
        except (msgspec.DecodeError, RecursionError):
            raise Against('a move is {"spell": "NAME"}') from None
        if spell not in SPELLS:
            raise Against(f"there is no such spell: cast one of {', '.join(SPELLS)}")
        if SPELLS[spell].mana > now.wizards[now.acts].mana:
            raise Against(f"{spell} needs {SPELLS[spell].mana} mana: cast a cheaper spell, such as spark")
        return _cast(now, spell)

    def time_out(self, board: msgspec.Raw) -> Standing:
        """Let the turn pass."""
        now = _read(board)
        return _passed_on(
            now, Cast(player=now.wizards[now.acts].player, spell="nothing", effect=0, wizards=now.wizards)
        )

    def concede(self, board: msgspec.Raw, player: str) -> Standing:
        """Let the other one win."""
        now = _read(board)
        places = tuple(2 if wizard.player == player else 1 for wizard in now.wizards)
        return _over(now, Cast(player=player, spell="nothing", effect=0, wizards=now.wizards), places, "conceded")

    def view(self, board: msgspec.Raw, player: str) -> msgspec.Raw:  # noqa: ARG002  both see the same
        """Give all but the seed."""
        now = _read(board)
        seen = {"turn": now.turn, "acts": now.wizards[now.acts].player, "wizards": now.wizards, "spells": SPELLS}
        return msgspec.Raw(msgspec.json.encode(seen))


def _cast(now: Board, name: str) -> Standing:
    spell, caster, other = SPELLS[name], now.wizards[now.acts], now.wizards[1 - now.acts]
    effect = _drawn(now.seed, now.turn, spell.least, spell.most)
    caster.mana -= spell.mana
    match spell.on:
        case "shield":
            caster.shielded = True
        case "self":
            effect = min(effect, LIFE - caster.life)
            caster.life += effect
        case "other":
            effect = effect // SHIELD_TAKES if other.shielded else effect
            other.life, other.shielded = max(other.life - effect, 0), False
    cast = Cast(player=caster.player, spell=name, effect=effect, wizards=now.wizards)
    if other.life == 0:
        return _over(now, cast, (1, 2) if now.acts == 0 else (2, 1), "no_life_left")
    return _passed_on(now, cast)


def _passed_on(now: Board, cast: Cast) -> Standing:
    """Give the turn to the other one, with some mana."""
    now.turn, now.acts = now.turn + 1, 1 - now.acts
    if now.turn >= MOST_TURNS:
        one, two = (wizard.life for wizard in now.wizards)
        return _over(now, cast, (1 + (two > one), 1 + (one > two)), "too_many_turns")
    next_one = now.wizards[now.acts]
    next_one.mana = min(next_one.mana + MANA_A_TURN, MOST_MANA)
    return _standing(now, cast)


def _standing(now: Board, cast: Cast | None) -> Standing:
    acts = (now.wizards[now.acts].player,)
    return Standing(board=_raw(now), acts=acts, turn_seconds=TURN_SECONDS, shown=_raw(cast))


def _over(now: Board, cast: Cast, places: tuple[int, ...], reason: str) -> Standing:
    return Standing(board=_raw(now), shown=_raw(cast), places=places, reason=reason)


def _read(board: msgspec.Raw) -> Board:
    return msgspec.json.decode(board, type=Board)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _drawn(seed: int, turn: int, least: int, most: int) -> int:
    """Draw a number of this turn: the same for the same seed, and not to be told from the ones before."""
    digest = hashlib.blake2b(f"{seed}/{turn}".encode(), digest_size=8).digest()
    return least + int.from_bytes(digest) % (most - least + 1)
