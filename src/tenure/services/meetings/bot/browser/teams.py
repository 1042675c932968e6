"""Microsoft Teams, as a guest. Not verified: no outside meeting can be reached where these tests run."""

from __future__ import annotations

from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write

LEAVE = "#hangup-button, button[data-tid='hangup-main-btn'], button[data-tid='hangup-button']"

TEAMS = Platform(
    name="teams",
    verified=False,
    address="{url}?p={passcode}",
    joining=(
        click("button[data-tid='joinOnWeb'], button", "continue on this browser|join on the web"),
        click("button", "continue without audio or video"),
        write("input[data-tid='prejoin-display-name-input']", "{name}"),
        click("[data-tid='toggle-mute'][aria-checked=true], [data-tid='toggle-mute'][aria-pressed=true]"),
        click("[data-tid='toggle-video'][aria-checked=true], [data-tid='toggle-video'][aria-pressed=true]"),
        write("input[data-tid='meeting-passcode'], input[type=password]", "{passcode}"),
        click("button[data-tid='prejoin-join-button'], #prejoin-join-button"),
    ),
    inside=(Mark(LEAVE),),
    waiting=(Mark("body", "someone (in the meeting should|will) let you in|we.ll let people in|waiting for the host"),),
    away=(Mark("body", "trying to reconnect|we.re having trouble connecting"),),
    ends=(
        ("denied", Mark("body", "your request to join was declined|you were denied access")),
        ("evicted", Mark("body", "you.ve been removed from (this|the) meeting|someone removed you")),
        ("meeting_ended", Mark("body", "the meeting has ended|this meeting has ended")),
        ("left", Mark("body", "you left the meeting|enjoy your call\\? join teams")),
    ),
    once_inside=(
        click("button[data-tid='callingButtons-showMoreBtn'], #callingButtons-showMoreBtn"),
        click("[role=menuitem], [role=menuitemcheckbox]", "^\\s*(turn on live )?captions"),
        click("#roster-button, button[data-tid='roster-button']"),
    ),
    people=People(
        row="[data-tid^='participantsInCall-']", name="[id^='roster-avatar-img'] + div, span", me="[data-tid='me']"
    ),
    captions=Captions(
        row="[data-tid='closed-caption-renderer-wrapper'] .fui-ChatMessageCompact",
        speaker="[data-tid='author']",
        text="[data-tid='closed-caption-text']",
    ),
    leaving=(click(LEAVE),),
)
