"""Jitsi Meet. Not verified: no outside meeting can be reached where these tests run."""

from __future__ import annotations

from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write

JITSI = Platform(
    name="jitsi",
    verified=False,
    # Muted by its own settings, so that there is nothing to switch off; and no offer of the app.
    address=(
        "{url}#config.startWithAudioMuted=true&config.startWithVideoMuted=true&config.disableDeepLinking=true"
        "&config.prejoinConfig.enabled=true&config.transcription.autoCaptionOnRecord=false"
    ),
    joining=(
        write("input#premeeting-name-input, .premeeting-screen input[type=text]", "{name}"),
        click("[data-testid='prejoin.joinMeeting']"),
        write("[data-testid='lobby.nameField']", "{name}"),
        click("[data-testid='lobby.knockButton']"),
        write("[data-testid='lobby.password'], input[name=lockKey]", "{passcode}"),
        click("[data-testid='lobby.passwordJoinButton'], [data-testid='dialog.submit']"),
    ),
    inside=(Mark("#new-toolbox, .toolbox-content, [aria-label='Leave the meeting']"),),
    waiting=(Mark(".lobby-screen, [data-testid='lobby.screen']", "asking|moderator|wait"),),
    away=(Mark("[role=dialog]", "reconnect|disconnected"),),
    ends=(
        ("denied", Mark("body", "your join request was rejected|rejected by a moderator")),
        ("evicted", Mark("body", "you have been removed from the meeting|kicked you out")),
        ("meeting_ended", Mark("body", "the meeting has (been )?ended|meeting was ended")),
    ),
    once_inside=(
        click("[aria-label='Participants'], [aria-label='Open participants panel']"),
        click("[aria-label='Start subtitles'], [aria-label='Show subtitles']"),
    ),
    people=People(
        row="[id^='participant-item-'], [data-testid^='participant-']",
        name="[class*='displayName']",
        me="[class*='moderator'] ~ [class*='local'], [data-testid='participant-local']",
    ),
    captions=Captions(row=".transcription-subtitles > div", speaker="b", text="span"),
    leaving=(click("[aria-label='Leave the meeting'], [aria-label='Leave meeting']"),),
)
