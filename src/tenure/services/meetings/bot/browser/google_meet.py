"""Google Meet, with its page in English. Not verified: no outside meeting can be reached where these tests run."""

from __future__ import annotations

from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write

GOOGLE_MEET = Platform(
    name="google_meet",
    verified=False,
    address="{url}?hl=en",
    joining=(
        click("button", "^\\s*(got it|dismiss|accept all|continue without microphone and camera)"),
        write("input[aria-label='Your name'], input[placeholder='Your name']", "{name}"),
        click("[data-is-muted=false][aria-label*='microphone' i]", "turn off microphone"),
        click("[data-is-muted=false][aria-label*='camera' i]", "turn off camera"),
        click("button", "^\\s*(ask to join|join now)"),
    ),
    inside=(Mark("button[aria-label*='Leave call']"),),
    waiting=(Mark("body", "asking to be let in|someone lets you in|until a meeting host brings you"),),
    away=(Mark("body", "trying to reconnect|you lost your network connection"),),
    ends=(
        ("denied", Mark("body", "you can.t join this (video )?call|someone in the call denied your request")),
        ("denied", Mark("body", "no one responded to your request")),
        ("evicted", Mark("body", "you.ve been removed from the meeting")),
        ("meeting_ended", Mark("body", "the (call|meeting) (has )?ended|ended the call for everyone")),
        ("left", Mark("body", "you left the (meeting|call)")),
    ),
    once_inside=(
        click("button", "^\\s*(got it|dismiss)"),
        click("button[aria-label*='Turn on captions']"),
        click("button[aria-label^='People']"),
    ),
    people=People(
        row="[role=listitem][data-participant-id]", name="span[class]", me="[aria-label*='(You)'], [data-self-name]"
    ),
    captions=Captions(
        row="[role=region][aria-label='Captions'] > div", speaker="img + div, span", text="div:last-child"
    ),
    leaving=(click("button[aria-label*='Leave call']"),),
)
