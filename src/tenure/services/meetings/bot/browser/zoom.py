"""Zoom's web client. Not verified: no outside meeting can be reached where these tests run."""

from __future__ import annotations

from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write

ZOOM = Platform(
    name="zoom",
    verified=False,
    address="https://app.zoom.us/wc/{id}/join",
    frame="iframe#webclient",
    joining=(
        click("button, a", "^\\s*(accept cookies|i agree|got it|join from (your )?browser)"),
        click("button", "continue without (microphone|audio)"),
        write("#input-for-pwd", "{passcode}"),
        write("#input-for-name, #inputname", "{name}"),
        click("#preview-audio-control-button[aria-label='Mute']"),
        click("#preview-video-control-button[aria-label='Stop Video']"),
        click("button.preview-join-button, #joinBtn"),
    ),
    inside=(Mark("#foot-bar, .meeting-app .footer, button[aria-label='Leave']"),),
    waiting=(Mark("body", "(host|admin) will let you in|please wait[,.].*host|host has joined.*let them know"),),
    away=(Mark("body", "reconnecting to the meeting|your connection was lost"),),
    ends=(
        ("denied", Mark("body", "denied your request|unable to join this meeting")),
        ("evicted", Mark("body", "you have been removed|removed you from the meeting")),
        ("meeting_ended", Mark("body", "(this|the) meeting has (been )?ended")),
        ("left", Mark("body", "you (have )?left the meeting")),
    ),
    once_inside=(
        click("button", "^\\s*(got it|ok)\\s*$"),
        click("button", "^\\s*(show captions|captions)"),
        click("button[aria-label*='participants list' i]"),
    ),
    people=People(
        row=".participants-item__item-layout",
        name=".participants-item__display-name",
        me=".participants-item__name-label",
    ),
    captions=Captions(
        row=".live-transcription-subtitle__box", speaker="[data-speaker]", text=".live-transcription-subtitle__item"
    ),
    leaving=(
        click("button[aria-label='Leave'], button[aria-label='End']"),
        click(".leave-meeting-options__btn, button", "^\\s*leave meeting"),
    ),
)
