"""What Prometheus reads of the service. Labels are states, modes, transports and codes: never a player or a battle."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from tenure import TenureError
from tenure.services.battles.service import BattlesService
from tenure.services.battles.surveying import Queue, Survey
from tenure.services.battles.watching import LONGEST_ANSWER_SECONDS, count_all

TRANSPORTS = ("websocket", "socketio")
MODES = ("clustered", "isolated", "rejoining")
TAKEN, ANSWERS, DIRECTIONS = ("first", "over"), ("advance", "refuse", "finish"), ("sent", "heard")


async def collect(service: BattlesService) -> list[Metric]:
    """Read all figures once: those of the whole service, then those of this process."""
    return [
        *await _of_all(service),
        *_mode(service),
        *_matching(service),
        *_here(service),
        *_sockets(service),
        *_echo(service),
    ]


async def _of_all(service: BattlesService) -> list[Metric]:
    """Read what the store tells. While it is away, what this process knows of itself is told all the same."""
    try:
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
            now = await service.store.now()
            counts, queues = await count_all(service.store), await Survey(service.store, service.rules).queues()
    except (TenureError, OSError, TimeoutError):
        return []
    return [*_states(counts), *_queues(queues, now.timestamp())]


def _mode(service: BattlesService) -> Iterator[Metric]:
    metric = GaugeMetricFamily("tenure_battles_mode", "How this process stands to the store", labels=("mode",))
    for mode in MODES:
        metric.add_metric((mode,), service.isolation.mode == mode)
    yield metric


def _states(counts: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    for name, numbers in counts.items():
        metric = GaugeMetricFamily(
            f"tenure_battles_{name}", f"{name.capitalize()} of the whole service, by state", labels=("state",)
        )
        for state, number in numbers.items():
            metric.add_metric((state,), number)
        yield metric


def _queues(queues: Sequence[Queue], now: float) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("tenure_battles_waiting", "Players who wait, up to 1,000", labels=("mode",))
    oldest = GaugeMetricFamily("tenure_battles_oldest_wait_seconds", "Wait of who waits longest", labels=("mode",))
    for queue in queues:
        waiting.add_metric((queue.mode,), queue.waiting)
        oldest.add_metric((queue.mode,), 0 if queue.since is None else max(now - queue.since.timestamp(), 0))
    yield from (waiting, oldest)


def _matching(service: BattlesService) -> Iterator[Metric]:
    """Say what this process's matchers did; of all processes one matches a mode at a time."""
    counting = service.counting
    leads = GaugeMetricFamily("tenure_battles_matching", "Whether this process matches the mode", labels=("mode",))
    matched = CounterMetricFamily("tenure_battles_matches", "Battles that this process offered", labels=("mode",))
    conflicts = CounterMetricFamily(
        "tenure_battles_conflicts", "Battles that it could not offer since somebody had changed", labels=("mode",)
    )
    waits = HistogramMetricFamily(
        "tenure_battles_wait_seconds", "How long those had waited to whom it offered one", labels=("mode",)
    )
    for mode, matcher in service.matchmaking.matchers.items():
        leads.add_metric((mode,), matcher.leads)
        matched.add_metric((mode,), counting.matched[mode])
        conflicts.add_metric((mode,), counting.conflicts[mode])
        waits.add_metric((mode,), counting.waits[mode].within, counting.waits[mode].total_seconds)
    yield from (leads, matched, conflicts, waits)


def _here(service: BattlesService) -> Iterator[Metric]:
    """Say what this process has and does."""
    gauges = (
        ("up", "Whether players can connect here", service.presence.instance is not None),
        ("here", "Battles that this process runs", service.running_battles.battles),
        ("rooms", "Battles that players who are connected here follow", len(service.rooms)),
        ("players", "Players who are connected here", service.presence.connections),
    )
    for name, about, value in gauges:
        yield GaugeMetricFamily(f"tenure_battles_{name}", about, value=value)
    counting = service.counting
    yield _counted("taken", "Battles it took: those nobody had run, or over from another", "how", counting.taken, TAKEN)
    yield _counted("answered", "Commands it answered, by what came of them", "answer", counting.answered, ANSWERS)
    yield _counted("signals", "What players signal: sent, heard here", "direction", counting.signals, DIRECTIONS)


def _sockets(service: BattlesService) -> Iterator[Metric]:
    counting = service.counting
    sessions = Counter(session.transport for session in service.sockets.entrance.sessions)
    metric = GaugeMetricFamily("tenure_battles_sessions", "Open sessions here, by transport", labels=("transport",))
    for transport in TRANSPORTS:
        metric.add_metric((transport,), sessions[transport])
    yield metric
    yield GaugeMetricFamily("tenure_battles_sockets", "Open sessions here", value=service.sockets.sessions)
    yield _counted("closes", "Sessions that ended here, by the code of their end", "code", counting.closed)
    yield _counted("turned_away", "Sockets that were not let in, by code", "code", counting.turned_away)
    yield _counted("refusals", "Requests of clients that were refused, by code", "code", counting.refused)


def _echo(service: BattlesService) -> Iterator[Metric]:
    echo = service.echo
    called = Counter({"sent": echo.sent, "heard": echo.heard})
    yield _counted("echoes", "What it signals to itself: sent, and heard again", "direction", called, DIRECTIONS)
    yield GaugeMetricFamily("tenure_battles_echoes_missed", "Periods in a row without an echo", value=echo.missed)
    yield GaugeMetricFamily("tenure_battles_deaf", "Whether this process hears nothing", value=echo.deaf)


def _counted(name: str, about: str, label: str, numbers: Mapping[Any, int], always: Sequence[str] = ()) -> Metric:
    """Give a counter; of the values in `always`, also those that were not counted yet."""
    metric = CounterMetricFamily(f"tenure_battles_{name}", about, labels=(label,))
    for value, number in {**dict.fromkeys(always, 0), **numbers}.items():
        metric.add_metric((str(int(value) if isinstance(value, int) else value),), number)
    return metric
