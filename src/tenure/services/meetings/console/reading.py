"""What the page shows: a list of meetings, and one meeting whole. A user sees their own, the admin all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tenure import Event, StateOf, Store
from tenure.http.rejections import Absent, Invalid
from tenure.services.meetings.archive import EVERY, NO_MEETING, Archive
from tenure.services.meetings.console import words
from tenure.services.meetings.console.access import Viewer
from tenure.services.meetings.following import Cursor
from tenure.services.meetings.lifecycle import Meeting, Screenshot, Segment, User
from tenure.services.meetings.platforms import PLATFORMS
from tenure.services.meetings.screenshots import Screenshots
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery
from tenure.services.meetings.webhooks.service import EVERY as EVERY_DELIVERY

PAGE = 1000
MOST_LOOKED_THROUGH = 20_000
MOST_WORDS = 500
MOST_SHOWN = 100
GROUPS = {"planned": Meeting.planned.names, "live": Meeting.live.names, "over": Meeting.over.names}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which meetings to list: of a state or group of states, of a user, of a platform, those before an id."""

    state: str | None = None
    user: str | None = None
    platform: str | None = None
    before: str | None = None
    limit: int = 50

    def states(self) -> StateOf[Meeting]:
        """Give the states that are meant. Raises `Invalid`."""
        if self.state is None:
            return EVERY
        names = GROUPS.get(self.state) or ((self.state,) if self.state in EVERY.names else None)
        if names is None:
            raise Invalid(f"`state` must be one of {', '.join((*GROUPS, *EVERY.names))}")
        return StateOf(Meeting, tuple(names))


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of meetings with the names of their users, how many there are by state, and where the next begins."""

    meetings: list[Meeting]
    users: dict[str, User]
    counts: dict[str, int]
    next: str | None

    def total(self, states: Iterable[str]) -> int:
        """Give how many meetings are in these states."""
        return sum(self.counts.get(name, 0) for name in states)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event in plain words."""

    event: Event[Meeting]
    what: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One meeting with all that belongs to it. `cursor` is from where on its stream tells what is newer."""

    meeting: Meeting
    owner: User
    cursor: Cursor
    outcome: str
    timeline: list[Happened]
    segments: list[Segment]
    more_words: bool
    screenshots: list[Screenshot] = field(default_factory=list)
    deliveries: list[WebhookDelivery] = field(default_factory=list)


class Reading:
    """Reads for a viewer."""

    def __init__(self, store: Store, archive: Archive, screenshots: Screenshots) -> None:
        self._store, self._archive, self._screenshots = store, archive, screenshots

    # ------------------------------------------------------------------------------------ lists

    async def listed(self, viewer: Viewer, wanted: Wanted) -> Listed:
        """List meetings, newest first; the planned ones in the order of their time."""
        if wanted.platform is not None and wanted.platform not in PLATFORMS:
            raise Invalid(f"`platform` must be one of {', '.join(PLATFORMS)}")
        owner = await self._owner(viewer, wanted.user)
        found, next_before = await self._find(wanted, owner)
        users = await self._store.get_many(User, {meeting.user for meeting in found}) if viewer.is_admin else {}
        return Listed(found, users, await self.counts(viewer), next_before)

    async def counts(self, viewer: Viewer) -> dict[str, int]:
        """Count meetings by state: all of them for the admin, those that are not over for a user."""
        if viewer.user is None:
            found = await self._store.count(Meeting)
            return {name: found.get(name, 0) for name in EVERY.names}
        planned = await self._store.find(StateOf(Meeting, Meeting.planned.names), under=viewer.user.id, limit=PAGE)
        live: list[Meeting] = await self._store.holding(Meeting.slots, viewer.user.id)
        counted = Counter(meeting.state.name for meeting in (*planned, *live))
        return {name: counted[name] for name in (*GROUPS["planned"], *GROUPS["live"])}

    async def _owner(self, viewer: Viewer, named: str | None) -> str | None:
        """Give the id of the user whose meetings are listed; None for everybody's."""
        if viewer.user is not None:
            return viewer.user.id
        if named is None or named.isdecimal():
            return named
        found: list[User] = await self._store.holding(User.one_per_email, named.lower())
        return found[0].id if found else "0"

    async def _find(self, wanted: Wanted, owner: str | None) -> tuple[list[Meeting], str | None]:
        """Read until a page is full; a platform is no index, so at most so many are looked through at a time."""
        states, found, before, seen = wanted.states(), list[Meeting](), wanted.before, 0
        step = wanted.limit + 1 if wanted.platform is None else PAGE
        newest_first = wanted.state not in GROUPS["planned"]
        while seen < MOST_LOOKED_THROUGH:
            part = await self._store.find(states, under=owner, newest_first=newest_first, limit=step, after=before)
            for meeting in part:
                if wanted.platform in (None, meeting.platform):
                    if len(found) == wanted.limit:
                        return found, found[-1].id
                    found.append(meeting)
            if len(part) < step:
                return found, None
            before, seen = part[-1].id, seen + len(part)
        return found, before

    # ------------------------------------------------------------------------------------ one

    async def one(self, viewer: Viewer, id: str | None) -> tuple[Meeting, User]:
        """Give a meeting with its user, if this viewer may see it; what is foreign is as absent. Raises `Absent`."""
        meeting = await self._archive.by_id(id)
        if viewer.user is not None and meeting.user != viewer.user.id:
            raise Absent(NO_MEETING)
        return meeting, viewer.user or await self._store.get(User, meeting.user)

    async def whole(self, viewer: Viewer, id: str | None, *, every_word: bool) -> Whole:
        """Give a meeting with all that belongs to it."""
        position = await self._store.position()
        meeting, owner = await self.one(viewer, id)
        names = {owner.id: name_of(owner) if viewer.is_admin else "you"}
        words_kept = await self._words(meeting, owner, every_word=every_word)
        return Whole(
            meeting=meeting,
            owner=owner,
            cursor=Cursor(meeting.id, position, meeting.version),
            outcome=words.outcome(meeting, names),
            timeline=await self._timeline(meeting, names),
            segments=[segment for segment in words_kept if segment.text],
            more_words=not every_word and len(words_kept) == MOST_WORDS,
            screenshots=await self._screenshots.of(meeting),
            deliveries=await self._store.find(EVERY_DELIVERY, under=meeting, newest_first=True, limit=MOST_SHOWN),
        )

    async def _timeline(self, meeting: Meeting, names: dict[str, str]) -> list[Happened]:
        events = await self._store.history(Meeting, meeting.id)
        return [
            Happened(event, words.event(event.name), words.who(event.by, names), words.why(event))
            for event in reversed(events)
        ]

    async def _words(self, meeting: Meeting, owner: User, *, every_word: bool) -> list[Segment]:
        """Give what was heard, in order: the last of it, or all."""
        if not every_word:
            last = await self._store.find(Segment.kept, under=meeting, newest_first=True, limit=MOST_WORDS)
            return last[::-1]
        return (await self._archive.transcript(owner, meeting.platform, meeting.native_id, meeting.id)).segments


def name_of(user: User) -> str:
    """Give what an admin calls a user."""
    return user.name or user.email
