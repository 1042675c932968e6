"""One workload on one engine: through the public API, its statements alone, and one change at a time, in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import tenure
from tenure.benchmarks.machine import summed_up
from tenure.benchmarks.running import Ran, run
from tenure.benchmarks.stand import Heard, ReplayDiffers, Stand
from tenure.benchmarks.workloads import Share, Workload
from tenure.core.lifecycle import Lifecycle, declared_by
from tenure.core.states import StateOf
from tenure.store.store import Store
from tenure.web.garbage import settle

CALLERS = 512
SINGLES = 4000
"""So many changes, at most, are replayed one at a time: fewer than there are records, so that no two are of one."""
WARMING = 0.2
"""How long a store is warmed up before it is timed, as a part of that time."""

MOST_COMPARED = 200_000

Tell = Callable[[str], None]
Records = Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Sent:
    """What a store sent for so many timed changes, and what its records were then. `start` is what it began with."""

    start: str
    shares: Sequence[Heard]
    changes: int
    batches: int
    kinds: Sequence[type[Lifecycle]]
    records: Records


@dataclass
class Measured:
    """The rounds of one workload."""

    changes_per_batch: float
    rounds: list[dict[str, float]] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """Give the medians, and for each figure its lowest and highest."""
        found = summed_up(self.rounds)
        spread = {name: [round(of["lowest"], 3), round(of["highest"], 3)] for name, of in found.items()}
        medians = {name: round(of["median"], 3) for name, of in found.items()}
        return {**medians, "changes_per_batch": round(self.changes_per_batch, 1), "spread": spread}


async def measure(
    stand: Stand,
    workload: Workload,
    *,
    rounds: int,
    seconds: float,
    tell: Tell,
    fewer: Sequence[int] = (),
    beside: Workload | None = None,
    filled: str | None = None,
) -> Measured:
    """Measure one workload so many times, each way for about so long, by the greatest number of callers.

    `fewer` are other numbers of callers; `beside` is another workload on the same records, for comparison; `filled`
    names a store that is filled already. The garbage collector is set as in a process that serves.
    """
    settle()
    if filled is None:
        tell("filling a store")
        filled = await prepare(stand, workload)
    tell("hearing what it sends")
    shares = [Share(CALLERS, number, stand.shares) for number in range(stand.shares)]
    sent = await send(stand, filled, workload, shares, seconds)
    one_by_one = await naive_way(stand, filled, workload, seconds)
    measured = Measured(sent.changes / sent.batches)
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        ran = await work(stand, filled, workload, CALLERS, seconds)
        raw, naive = await replay(stand, sent), await one_by_one()
        figures = {**ran.figures(), "raw_ops_per_s": raw, "naive_ops_per_s": naive}
        figures.update({"ratio_raw": ran.per_s / raw, "ratio_naive": ran.per_s / naive})
        if beside is not None:
            other = await work(stand, filled, beside, CALLERS, seconds)
            figures[f"ratio_{beside.name}"] = ran.per_s / other.per_s
        for callers in fewer:
            less = (await work(stand, filled, workload, callers, seconds)).figures()
            figures.update({f"{name}_of_{callers}": value for name, value in less.items()})
        measured.rounds.append(figures)
    return measured


async def naive_way(stand: Stand, filled: str, workload: Workload, seconds: float) -> Callable[[], Awaitable[float]]:
    """Give what makes one change at a time, and gives how many a second: by hand, or as the store sends single ones."""
    if workload.name in stand.by_hand:
        return partial(stand.by_hand[workload.name], seconds)
    singles = await send(stand, filled, workload, [Share(1)], seconds, most=SINGLES)
    return partial(replay_singly, stand, singles)


async def prepare(stand: Stand, workload: Workload) -> str:
    """Fill a store, and give the name under which it is kept."""
    await stand.forget()
    url = await stand.fresh()
    async with tenure.open(url, *workload.kinds) as store:
        await workload.fill(store, workload.records)
    return await stand.keep(url)


async def work(stand: Stand, filled: str, workload: Workload, callers: int, seconds: float) -> Ran:
    """Let callers work on a filled store."""
    async with tenure.open(await stand.fresh(filled), *workload.kinds) as store:
        steps = await workload.steps(store, Share(callers), workload.records)
        await run(steps, seconds * WARMING)
        return await run(steps, seconds, server=stand.server_cpu)


async def send(
    stand: Stand, filled: str, workload: Workload, shares: Sequence[Share], seconds: float, most: int | None = None
) -> Sent:
    """Hear what a filled store sends while each share of its records is worked on in turn."""
    url = await stand.fresh(filled)
    heard: list[Heard] = []
    changes = 0
    async with stand.listening(url) as ear:
        async with tenure.open(url, *workload.kinds) as store:
            start = await stand.keep(url)
            for share in shares:
                steps = await workload.steps(store, share, workload.records)
                await ear.heard()
                await run(steps, seconds * WARMING / len(shares), most=most and int(most * WARMING))
                warming = await ear.heard()
                changes += (await run(steps, seconds / len(shares), most=most)).made
                heard.append(Heard(warming, await ear.heard()))
            records = await records_of(store, workload.kinds)
    batches = sum(stand.batches(share.timed) for share in heard)
    return Sent(start, heard, changes, batches, workload.kinds, records)


async def replay(stand: Stand, sent: Sent) -> float:
    """Replay what was sent on a fresh store, and give how many changes a second that made."""
    url = await stand.fresh(sent.start)
    spent = await stand.replay(url, sent.shares)
    await check(url, sent)
    return sent.changes / spent


async def replay_singly(stand: Stand, sent: Sent) -> float:
    """Replay what was sent for one change at a time."""
    url = await stand.fresh(sent.start)
    (share,) = sent.shares
    spent = await stand.replay_singly(url, share)
    await check(url, sent)
    return sent.changes / spent


async def check(url: str, sent: Sent) -> None:
    """Make sure that a replay did the work: it left each record in the same state, at the same version."""
    async with tenure.open(url, *sent.kinds) as store:
        found = await records_of(store, sent.kinds)
    differ = [key for key in {*found, *sent.records} if found.get(key) != sent.records.get(key)]
    if differ:
        key = min(differ)
        raise ReplayDiffers(
            f"a replay left {len(differ)} of {len(sent.records)} records otherwise than the store had, such as {key}: "
            f"{found.get(key)} instead of {sent.records.get(key)}"
        )


async def records_of(store: Store, kinds: Sequence[type[Lifecycle]]) -> Records:
    """Read the state and the version of each record, or of the oldest ones where there are very many."""
    found: dict[str, tuple[str, int]] = {}
    for kind in kinds:
        for state in declared_by(kind).states:
            records = await store.find(StateOf(kind, (state,)), limit=MOST_COMPARED)
            found.update({f"{kind.__name__}/{record.id}": (state, record.version) for record in records})
    return found
