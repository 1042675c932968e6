"""The project's own meeting page."""

from __future__ import annotations

from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write

LOCAL = Platform(
    name="local",
    verified=True,
    # So the others see that it is a bot.
    address="{url}?bot",
    joining=(write("#name", "{name}"), click("#join button")),
    inside=(Mark("#meeting"),),
    waiting=(Mark("#door"),),
    away=(Mark("#status[data-reason=away]"),),
    ends=tuple(
        (reason, Mark(f"#status[data-reason={reason}]"))
        for reason in ("evicted", "denied", "meeting_ended", "vanished", "left", "join_refused", "removed")
    ),
    people=People(row="#people li", name=".name", me=".you", bot=".badge"),
    captions=Captions(row="#captions li", speaker=".speaker", text=".text", number="data-number", at="data-at"),
    leaving=(click("#leave, #give-up"),),
)
