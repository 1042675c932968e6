"""What bots report.

Each call is signed with its run's secret, moves the record only as the table allows, counts as a beat, and is
answered with the commands that wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from tenure import Change, Claim, Event, NotFound, NotHolder, Overdue, Refused, Stale, Store, WrongState, seconds
from tenure.http.reading import parse
from tenure.http.rejections import Absent, Conflict, Forbidden, NotNow, Unauthorized
from tenure.services.meetings.api.reports import (
    Beaten,
    Capturing,
    Exited,
    Heard,
    Pictured,
    Reported,
    StatusTold,
    Transcribed,
)
from tenure.services.meetings.captures import Captures
from tenure.services.meetings.lifecycle import Meeting, Segment
from tenure.services.meetings.screenshots import Screenshots
from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP, Forged, Verifier, secret_for
from tenure.services.meetings.together import Together

HOLD_SECONDS = 290.0
"""How long `commands` is held open. Heartbeats bring commands too, should a connection have died without a word."""

PICTURES_FOR = seconds(60)
"""How long after its end a meeting still takes what its bot saw."""

ACTIONS = {
    "stop": "leave",
    "overstay": "leave",
    "reconfigure": "reconfigure",
    "pause": "pause",
    "resume": "resume",
}
Forms = type[Reported]


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command as the bot gets it; it acknowledges by the number."""

    number: int
    action: str
    language: str | None = None
    task: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to each callback."""

    status: str
    commands: list[Command] = []


@dataclass(frozen=True, slots=True)
class Signed:
    """A callback as it came."""

    name: str
    body: bytes
    headers: Mapping[str, str]


FORMS: dict[str, Forms] = {
    "started": Reported,
    "waiting": Capturing,
    "joined": Capturing,
    "heartbeat": Beaten,
    "status": StatusTold,
    "exited": Exited,
    "commands": Reported,
    "transcript": Transcribed,
    "screenshot": Pictured,
}


class Callbacks:
    """Takes bots' reports."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        now: Callable[[], float],
        closing: asyncio.Event,
        screenshots: Screenshots,
        *,
        beats_seconds: float,
    ) -> None:
        self._store, self._key, self._now, self._closing = store, key, now, closing
        self._screenshots = screenshots
        self._verifier, self._together = Verifier(), Together(beats_seconds)
        self._captures = Captures(store)

    async def receive(self, signed: Signed) -> Answer:
        """Verify a callback and do what it says."""
        if signed.name == "heartbeat":
            await self._together.wait()  # before the rest of the work: that is cheaper for many in a row
        report, claim = self._verify(signed)
        # With the claim: the ids are each bot's own, and one must not use up those of another.
        op = f"{claim}/{signed.headers.get(ID, '')}"
        match report:
            case Exited():
                return await self._exited(claim, report, op)
            case StatusTold():
                await self._status(claim, report, op)
            case Transcribed():
                await self._beat(claim, report.seen)
                await self._keep(claim, report.segments)
            case Pictured():
                return await self._picture(claim, report, op)
            case Beaten():
                pass
            case _ if signed.name == "commands":
                return await self._wait_for_commands(claim, report.seen)
            case _:
                await self._move_on(signed.name, claim, op)
        if isinstance(report, Capturing) and report.capturing:
            # Side by side, so that both beats go into one batch.
            answer, _ = await asyncio.gather(self._answer(claim, report.seen), self._captures.note(claim))
            return answer
        return await self._answer(claim, report.seen)

    # ------------------------------------------------------------------------------------ who is it

    def _verify(self, signed: Signed) -> tuple[Reported, Claim[Meeting]]:
        headers = signed.headers
        try:
            claimed = msgspec.json.decode(signed.body, type=_Claimed).connection_id
        except (ValueError, RecursionError):
            claimed = ""
        try:
            self._verifier.check(
                secret_for(self._key, claimed),
                signed.body,
                id=headers.get(ID, ""),
                timestamp=headers.get(TIMESTAMP, ""),
                signature=headers.get(SIGNATURE, ""),
                now=self._now(),
            )
        except Forged as forged:
            raise Unauthorized(str(forged)) from None
        # Only what was verified is read any further.
        report = parse(signed.body, FORMS[signed.name])
        id, _, fence = report.connection_id.partition("/")[2].partition("#")
        return report, Claim(Meeting, id, int(fence))

    # ------------------------------------------------------------------------------------ what they say

    async def _move_on(self, name: str, claim: Claim[Meeting], op: str) -> None:
        match name:
            case "started":
                await self._try(claim, Meeting.started(claim), op)
            case "waiting":
                await self._try(claim, Meeting.wait(claim), op)
            case _:
                # No op id: a repeat would bring another time, and finds the move made anyway.
                await self._try(claim, Meeting.joined(claim, joined_at=await self._store.now()))

    async def _try(self, claim: Claim[Meeting], change: Change[Meeting], op: str = "") -> None:
        """Make a move that a repeated or late callback finds already made; then it is a beat and no more."""
        with suppress(WrongState, NotHolder):
            await self._holder(claim).apply(change, op=op)

    async def _status(self, claim: Claim[Meeting], report: StatusTold, op: str) -> None:
        meeting = await self._get(claim)
        if report.status == meeting.state.name:
            return
        moves: dict[str, Callable[[], Change[Meeting]]] = {
            "starting": lambda: Meeting.started(claim),
            "waiting": lambda: Meeting.wait(claim),
            "stopping": lambda: Meeting.leaving(claim, end_reason=report.reason),
            "completed": lambda: _completed(meeting, claim, report.reason),
            "failed": lambda: Meeting.crashed(claim, failure_reason=report.reason, ended_by="bot"),
        }
        if report.status == "active":
            op, now = "", await self._store.now()
            moves["active"] = lambda: Meeting.joined(claim, joined_at=now)
        try:
            await self._holder(claim).apply(moves[report.status](), op=op)
        except NotHolder:
            raise _no_longer(meeting) from None
        except Overdue:
            raise _in_a_moment() from None
        except WrongState:
            raise Conflict(f"a bot that is {meeting.state} can't become that: it goes on, never back") from None

    async def _exited(self, claim: Claim[Meeting], report: Exited, op: str) -> Answer:
        meeting = await self._get(claim)
        # A bot that was told to leave and then ended by a signal did as it was told.
        told = meeting.state == Meeting.stopping and report.reason == "terminated"
        change = (
            _completed(meeting, claim, report.reason)
            if report.exit_code == 0 or told
            else Meeting.crashed(claim, failure_reason=report.reason, ended_by="bot")
        )
        try:
            await self._holder(claim).apply(change, op=op, why=f"exit code {report.exit_code}")
        except NotHolder:
            raise _no_longer(meeting) from None
        except Overdue:
            raise _in_a_moment() from None
        except WrongState:
            pass  # an end is never left: whoever ended it first, the bot hears which end it is
        return Answer((await self._get(claim)).state.name)

    async def _keep(self, claim: Claim[Meeting], segments: list[Heard]) -> None:
        verdicts = await self._holder(claim).submit(
            [
                [
                    Segment.create(
                        f"{claim.id}.{heard.segment_id}",
                        meeting=claim.id,
                        text=heard.text,
                        start=heard.start,
                        end=heard.end,
                        at=heard.at,
                        speaker=heard.speaker,
                        language=heard.language,
                    )
                ]
                for heard in segments
            ]
        )
        # What is kept already, or comes after the end, is not kept again: the bot may forget it.
        self._store.log.info(
            "segments_kept",
            meeting=claim.id,
            kept=sum(not isinstance(verdict, Refused) for verdict in verdicts),
            sent=len(segments),
        )

    async def _picture(self, claim: Claim[Meeting], report: Pictured, op: str) -> Answer:
        """Keep a picture, for a while also of a meeting that is over: who let nobody in has ended it already."""
        meeting = await self._get(claim)
        if meeting.fence != claim.fence:
            raise _no_longer(meeting)
        if meeting.state in Meeting.over and await self._store.now() - meeting.entered_at > PICTURES_FOR:
            raise _no_longer(meeting)
        await self._screenshots.keep(meeting, report.picture, reason=meeting.failure_reason or report.reason, op=op)
        return Answer(meeting.state.name)

    # ------------------------------------------------------------------------------------ what they hear

    async def _answer(self, claim: Claim[Meeting], seen: int) -> Answer:
        meeting, commands = await self._beat(claim, seen)
        return Answer(meeting.state.name, [_command(event) for event in commands])

    async def _beat(self, claim: Claim[Meeting], seen: int) -> tuple[Meeting, list[Event[Meeting]]]:
        try:
            return await self._store.beaten(claim, seen=seen)
        except NotFound:
            raise Absent("there is no such meeting") from None
        except Overdue:
            raise _in_a_moment() from None
        except (NotHolder, Stale):
            raise _no_longer(await self._get(claim)) from None

    async def _wait_for_commands(self, claim: Claim[Meeting], seen: int) -> Answer:
        """Answer as soon as there is a command or the meeting is over, or after a while.

        One beat when it comes, and one each time that the meeting changes: what is held open costs nothing.
        """
        with self._store.bell(Meeting, claim.id) as bell:
            closing = asyncio.ensure_future(self._closing.wait())
            try:
                while not (answer := await self._answer(claim, seen)).commands and not closing.done():
                    heard = asyncio.ensure_future(bell.heard(HOLD_SECONDS))
                    await asyncio.wait({heard, closing}, return_when=asyncio.FIRST_COMPLETED)
                    if not heard.done() or not heard.result():
                        heard.cancel()
                        break
                return answer
            finally:
                closing.cancel()

    async def _get(self, claim: Claim[Meeting]) -> Meeting:
        try:
            return await self._store.get(Meeting, claim.id)
        except NotFound:
            raise Absent("there is no such meeting") from None

    def _holder(self, claim: Claim[Meeting]) -> Store:
        return self._store.acting(f"bot:{claim.id}")


class _Claimed(msgspec.Struct):
    connection_id: str = ""


def _completed(meeting: Meeting, claim: Claim[Meeting], reason: str) -> Change[Meeting]:
    """Complete a meeting; who told its bot to leave stays the one who ended it."""
    return Meeting.exited(
        claim,
        ended_by=meeting.ended_by or "bot",
        end_reason=(meeting.end_reason if meeting.ended_by else None) or reason,
    )


def _command(event: Event[Meeting]) -> Command:
    fields = event.fields
    return Command(event.version, ACTIONS[event.name], fields.get("language"), fields.get("task"))


def _no_longer(meeting: Meeting) -> Conflict | Forbidden:
    if meeting.state in Meeting.over:
        return Conflict(f"the meeting is {meeting.state}: leave it")
    return Forbidden("this run no longer holds the meeting: leave it")


def _in_a_moment() -> NotNow:
    """Say that the sweeper is about to move the meeting: perhaps it ends, perhaps its bot is only told to leave."""
    return NotNow("the meeting's time in this state is over: try again in a moment, and hear what comes of it")
