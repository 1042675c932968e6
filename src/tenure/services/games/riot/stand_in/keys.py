"""API keys. A player's puuid is another one for each key."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from tenure.services.games.riot.stand_in.playing import Player

PUUID_LENGTH = 78


@dataclass(slots=True)
class _Puuids:
    """The puuids of one key, both ways, as far as they were asked for."""

    by_player: dict[int, str] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)


class Keys:
    """Which keys are valid, and which puuids they have."""

    def __init__(self, key: str) -> None:
        self.valid: list[str] = [key]
        self.former: set[str] = set()
        """Keys that were valid at some time."""
        self.players: list[Player] = []
        """Everybody who ever had an account, by number."""
        self._puuids: dict[str, _Puuids] = {}

    @property
    def current(self) -> str:
        """Give the newest valid key, or nothing."""
        return self.valid[-1] if self.valid else ""

    def change(self, key: str, *, keep_old: bool = False) -> None:
        """Let another key be valid, beside the old ones or instead of them. It has other puuids."""
        self.former.update(self.valid)
        self.valid = [*(self.valid if keep_old else ()), key]

    def expire(self) -> None:
        """Let no key be valid."""
        self.former.update(self.valid)
        self.valid.clear()

    def puuid(self, key: str, player: Player) -> str:
        """Give a player's puuid for a key."""
        known = self._puuids.setdefault(key, _Puuids())
        if player.number not in known.by_player:
            puuid = made_puuid(key, f"player {player.number}")
            known.by_player[player.number] = puuid
            known.players[puuid] = player
        return known.by_player[player.number]

    def player(self, key: str, puuid: str) -> Player | None:
        """Give whose puuid it is; None if it is one of another key, or of nobody."""
        known = self._puuids.setdefault(key, _Puuids())
        if puuid not in known.players and len(known.by_player) < len(self.players):
            # Somebody may have kept it from before this process.
            for player in self.players:
                self.puuid(key, player)
        return known.players.get(puuid)


def made_puuid(key: str, whose: str) -> str:
    """Make a puuid: of the right length and letters, and always the same for the same key and player."""
    digest = hashlib.sha512(f"{key} {whose}".encode()).digest()
    return urlsafe_b64encode(digest).decode()[:PUUID_LENGTH]
