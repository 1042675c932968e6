"""What is replayed does what the store did, on each engine: else a ratio would compare with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.places import reachable_folder

import tenure
from tenure import Event, Store
from tenure.benchmarks import measuring
from tenure.benchmarks.measuring import Sent, prepare, records_of, replay, replay_singly, send
from tenure.benchmarks.stand import ENGINES, Heard, Name, ReplayDiffers, Stand, stand_of
from tenure.benchmarks.workloads import FULL, MOVE, Share, Workload

RECORDS, CALLERS, CHANGES, LONGEST_SECONDS = 96, 8, 400, 30.0


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Name:
    name: Name = request.param
    return name


@pytest.fixture(scope="module")
def stand(engine: Name) -> Iterator[Stand]:
    """Where an engine is measured: a server of its own."""
    with reachable_folder() as folder, stand_of(engine, folder) as stand:
        yield stand


def small(workload: Workload) -> Workload:
    return replace(workload, records=RECORDS)


async def sent(stand: Stand, workload: Workload) -> Sent:
    filled = await prepare(stand, small(workload))
    shares = [Share(CALLERS, number, stand.shares) for number in range(stand.shares)]
    return await send(stand, filled, small(workload), shares, LONGEST_SECONDS, most=CHANGES // stand.shares)


async def events_of(store: Store, kind: type[tenure.Lifecycle]) -> list[tuple[str, int, str]]:
    async def history(number: int) -> list[Event[tenure.Lifecycle]]:
        return await store.history(kind, f"{kind.__name__.lower()}-{number}")

    return [(event.id, event.version, event.name) for n in range(RECORDS) for event in await history(n)]


@pytest.mark.parametrize("workload", [MOVE, FULL], ids=lambda workload: workload.name)
async def test_a_replay_leaves_the_records_and_events_that_the_store_left(
    stand: Stand, workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kind,) = workload.kinds
    left: list[list[tuple[str, int, str]]] = []

    async def records_and_events(store: Store, kinds: tuple[type[tenure.Lifecycle], ...]) -> measuring.Records:
        left.append(await events_of(store, kind))
        return await records_of(store, kinds)

    monkeypatch.setattr(measuring, "records_of", records_and_events)
    before = await sent(stand, workload)
    assert before.changes > RECORDS, "the records are moved there and back"
    assert before.changes / before.batches > 1, "callers share batches"
    assert await replay(stand, before) > 0
    assert left[0] == left[1]
    assert len(left[0]) > RECORDS + before.changes, "one event for each create and each change, warming up too"


async def test_a_replay_of_single_changes_leaves_them_too(stand: Stand) -> None:
    filled = await prepare(stand, small(MOVE))
    singles = await send(stand, filled, small(MOVE), [Share(1)], LONGEST_SECONDS, most=20)
    assert (singles.changes, singles.batches) == (20, 20)
    assert await replay_singly(stand, singles) > 0


async def test_a_replay_that_does_less_is_found(stand: Stand) -> None:
    before = await sent(stand, MOVE)
    shorter = [Heard(share.warming, []) for share in before.shares]
    with pytest.raises(ReplayDiffers):
        await replay(stand, replace(before, shares=shorter))


async def test_a_replay_on_a_store_that_has_had_it_is_found(stand: Stand) -> None:
    before = await sent(stand, MOVE)
    twice = [Heard([*share.warming, *share.timed], share.timed) for share in before.shares]
    try:
        await replay(stand, replace(before, shares=twice))
    except (ReplayDiffers, tenure.Unavailable):
        return  # some engines refuse the statements themselves
    # Others take them as the repeats that they are: by their op ids, so nothing happens again.
    assert stand.engine == "valkey"


async def test_figures_are_of_all_ways(stand: Stand) -> None:
    measured = await measuring.measure(
        stand, MOVE, rounds=1, seconds=0.05, tell=lambda _: None, fewer=(1,), beside=MOVE
    )
    (figures,) = measured.rounds
    assert min(value for key, value in figures.items() if not key.startswith("server_cpu")) > 0
    assert {"ratio_move", "ops_per_s_of_1", "p99_ms_of_1"} <= set(figures)
