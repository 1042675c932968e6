"""The commands about instances, and about what they leave."""

from __future__ import annotations

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import Failed
from tenure.services.battles.api.views import shown_instance
from tenure.services.battles.cleaning import Cleaning
from tenure.services.battles.kinds import kinds
from tenure.services.battles.operating import Operating
from tenure.services.battles.rules.known import MODES
from tenure.services.battles.surveying import Survey
from tenure.services.battles.watching import Outlook, count_all

COLUMNS = ("id", "state", "host", "pid", "since", "lease_until", "sockets", "battles")


async def list_instances(*, limit: int = 50, after: str | None = None, session: InSession) -> None:
    """List the instances: their leases, sockets and battles, both counted up to 500.

    Parameters
    ----------
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    async with session.store_of(kinds) as store:
        found = await Survey(store, MODES).instances(after, max(limit, 1))
    print_list(session.output, [shown_instance(row) for row in found], COLUMNS)
    print_more(session.output, [row.record for row in found], limit)


async def drain(instance: str, /, *, session: InSession) -> None:
    """Let an instance take nobody in any more: its battles and players go to others, until it is started anew.

    Parameters
    ----------
    instance
        The instance's id.
    """
    async with session.store_of(kinds) as store:
        drained = await Operating(store).drain(instance)
        print_one(session.output, shown_instance(await Survey(store, MODES).of(drained)))


async def cleanup(*, dry_run: bool = True, session: InSession) -> None:
    """List what dead instances left, each with its reason; with --no-dry-run clean it up, by the same transitions.

    Parameters
    ----------
    dry_run
        Only list it.
    """
    async with session.store_of(kinds) as store:
        cleaned = await Cleaning(store).clean(dry_run=dry_run)
    if session.output.as_json:
        session.output.json(cleaned)
    else:
        session.output.table(("kind", "id", "why"), [(item.kind, item.id, item.reason) for item in cleaned.items])
        done = "it was only looked: --no-dry-run cleans up" if dry_run else f"{cleaned.cleaned} cleaned up"
        session.output.say(f"{len(cleaned.items)} left by dead instances; {done}", "dim")
    if cleaned.errors:
        raise Failed("; ".join(cleaned.errors))


async def health(*, session: InSession) -> None:
    """Tell whether all is well, as far as the store tells, with reasons; else exit with 1.

    What one server alone knows, such as whether it hears, its own GET /health says.
    """
    async with session.store_of(kinds) as store:
        reasons, counts = await Outlook(store, MODES).reasons(), await count_all(store)
    print_one(session.output, {"status": "failing" if reasons else "ok", "reasons": reasons, **counts})
    if reasons:
        raise Failed("; ".join(reasons))
