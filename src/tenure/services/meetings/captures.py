"""The second sign of life: that what a bot captures with is alive, told by the beats of its session."""

from __future__ import annotations

from tenure import Claim, Refused, Store
from tenure.services.meetings.lifecycle import Meeting, Session

MOST_KNOWN = 10_000


class Captures:
    """Beats the sessions of bots, which end their meetings when their own lease runs out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Claim[Meeting], Claim[Session]] = {}

    async def note(self, claim: Claim[Meeting]) -> None:
        """Note that a run's capture made progress. The first time claims its session."""
        known = self._known.get(claim)
        try:
            if known is None:
                known = await self._claim(claim)
            else:
                await self._store.beat(known)
        except Refused:
            # It was closed, swept or claimed since we looked. If it stalled, the next beat claims it anew.
            self._known.pop(claim, None)
        else:
            self._known[claim] = known
            if len(self._known) > MOST_KNOWN:
                self._known.pop(next(iter(self._known)))

    async def _claim(self, claim: Claim[Meeting]) -> Claim[Session]:
        meeting = await self._store.get(Meeting, claim.id)
        session = await self._store.get(Session, meeting.container)
        if session.state == Session.capturing:
            await self._store.beat(session.claim)
            return session.claim
        return (await self._store.acting(f"bot:{claim.id}").apply(Session.capture(session))).claim
