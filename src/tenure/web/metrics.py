"""What Prometheus reads. Labels are kinds, states and transitions only: never an id, a tenant or a field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from tenure.core.engine import Message
from tenure.http.operating import written
from tenure.web.counting import Counts
from tenure.web.reading import PAGE, Reader

MEDIA_TYPE = CONTENT_TYPE_LATEST


Collect = Callable[[], Awaitable[Sequence[Metric]]]
"""Gives what a service counts of its own."""


async def render(reader: Reader, counts: Counts, services: Sequence[Collect] = ()) -> bytes:
    """Read the store once, and write all metrics, those of the services last."""
    metrics: list[Metric] = [
        await _records(reader),
        _transitions(counts),
        _refusals(counts),
        CounterMetricFamily("tenure_replays", "Repeats of an op id that got the first answer", value=counts.replays),
        *await _sweeping(reader),
        *_messages(await reader.messages(PAGE)),
        *[metric for collect in services for metric in await collect()],
    ]
    return written(metrics)


async def _records(reader: Reader) -> Metric:
    metric = GaugeMetricFamily("tenure_records", "Records by state", labels=("space", "kind", "state"))
    for space in await reader.store.engine.spaces():
        for kind, states in (await reader.space(space).counts()).items():
            for state, number in states.items():
                metric.add_metric((space, kind, state), number)
    return metric


def _transitions(counts: Counts) -> Metric:
    metric = CounterMetricFamily(
        "tenure_transitions",
        "Transitions made while this process ran, by whichever process",
        labels=("kind", "transition"),
    )
    for labels, number in counts.transitions.items():
        metric.add_metric(labels, number)
    return metric


def _refusals(counts: Counts) -> Metric:
    metric = CounterMetricFamily(
        "tenure_refusals", "Changes of this process that were refused", labels=("kind", "transition", "reason")
    )
    for labels, number in counts.refusals.items():
        metric.add_metric(labels, number)
    return metric


async def _sweeping(reader: Reader) -> Iterator[Metric]:
    lag = GaugeMetricFamily("tenure_sweep_lag_seconds", "Age of the oldest look that is overdue", labels=("space",))
    alive = GaugeMetricFamily(
        "tenure_sweeper_alive", "Whether a sweeper gave a sign of life in time", labels=("space",)
    )
    engine = reader.store.engine
    for space in await engine.spaces():
        time = await engine.time(space, reader.store.clock())
        first = await engine.due(space, 1)
        lag.add_metric((space,), max(time.now - first[0][0], 0) / 1_000_000 if first else 0)
        alive.add_metric((space,), 0 if time.in_outage else 1)
    return iter((lag, alive))


def _messages(waiting: Sequence[Message]) -> Iterator[Metric]:
    number = GaugeMetricFamily("tenure_messages_waiting", f"Messages waiting, up to {PAGE}", labels=("kind", "effect"))
    tried = GaugeMetricFamily("tenure_messages_failing", "Those whose last try failed", labels=("kind", "effect"))
    for labels in sorted({(m.entry.kind, m.effect) for m in waiting}):
        of = [m for m in waiting if (m.entry.kind, m.effect) == labels]
        number.add_metric(labels, len(of))
        tried.add_metric(labels, sum(bool(m.error) for m in of))
    return iter((number, tried))
