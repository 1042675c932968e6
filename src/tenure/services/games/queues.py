"""The queues that games are found by: how SQL and people call each. One that is not here is called by its number."""

from __future__ import annotations

QUEUES: dict[int, tuple[str, str]] = {
    0: ("CUSTOM", "custom game"),
    400: ("NORMAL_DRAFT", "normal draft"),
    420: ("RANKED_SOLO_5x5", "ranked solo"),
    430: ("NORMAL_BLIND", "normal blind"),
    440: ("RANKED_FLEX_SR", "ranked flex"),
    450: ("ARAM", "ARAM"),
    480: ("SWIFTPLAY", "swiftplay"),
    490: ("QUICKPLAY", "quickplay"),
    700: ("CLASH", "clash"),
    720: ("ARAM_CLASH", "ARAM clash"),
    830: ("BOT_INTRO_5x5", "bots, intro"),
    840: ("BOT_BEGINNER_5x5", "bots, beginner"),
    850: ("BOT_INTERMEDIATE_5x5", "bots, intermediate"),
    870: ("BOT_INTRO_5x5", "bots, intro"),
    880: ("BOT_BEGINNER_5x5", "bots, beginner"),
    890: ("BOT_INTERMEDIATE_5x5", "bots, intermediate"),
    900: ("ARURF", "all random URF"),
    1020: ("ONE_FOR_ALL", "one for all"),
    1090: ("TFT_NORMAL", "TFT normal"),
    1100: ("TFT_RANKED", "TFT ranked"),
    1110: ("TFT_TUTORIAL", "TFT tutorial"),
    1130: ("TFT_HYPER_ROLL", "TFT hyper roll"),
    1160: ("TFT_DOUBLE_UP", "TFT double up"),
    1300: ("NEXUS_BLITZ", "nexus blitz"),
    1400: ("ULTIMATE_SPELLBOOK", "ultimate spellbook"),
    1700: ("ARENA", "arena"),
    1710: ("ARENA", "arena"),
    1900: ("URF", "URF"),
}
"""By Riot's number: the name for programs, and the one for people."""


def queue_type(queue_id: int | None) -> str | None:
    """Give a queue's name for programs, such as `RANKED_SOLO_5x5`; None where it is hidden."""
    return None if queue_id is None else QUEUES[queue_id][0] if queue_id in QUEUES else f"QUEUE_{queue_id}"


def queue_name(queue_id: int | None) -> str:
    """Give a queue's name for people."""
    return "hidden" if queue_id is None else QUEUES[queue_id][1] if queue_id in QUEUES else f"queue {queue_id}"
