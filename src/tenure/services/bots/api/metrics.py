"""What Prometheus reads of the service. Labels are pools, states and outcomes: never a player, a ticket or a match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tenure.matching.quality import Quality, Spread
from tenure.services.bots.lifecycle import Pool
from tenure.services.bots.service import BotsService

OUTCOMES = ("matches", "started", "settled", "expired", "declined", "called_off", "broken_off", "stand_ins")
GONE = ("gave_up", "left", "cooled")
BREAKER = ("closed", "open", "half-open")
MOST_POOLS = 1000
NAMES = {"bots": "tenure_bots", "tickets": "tenure_bots_tickets", "matches": "tenure_bots_matches"}


async def collect(service: BotsService) -> list[Metric]:
    """Read all figures once."""
    pools = await service.store.find(Pool.present, limit=MOST_POOLS)
    return [
        *_states(await service.census.counts()),
        *_pools(pools, service),
        *_quality(await service.figures.all()),
        _breaker(service),
    ]


def _states(counts: dict[str, dict[str, dict[str, int]]]) -> Iterator[Metric]:
    for name, shown in NAMES.items():
        metric = GaugeMetricFamily(shown, f"{name.capitalize()} by state", labels=("pool", "state"))
        for pool, kinds in counts.items():
            for state, number in kinds.get(name, {}).items():
                metric.add_metric((pool, state), number)
        yield metric


def _pools(pools: Sequence[Pool], service: BotsService) -> Iterator[Metric]:
    wanted = GaugeMetricFamily("tenure_bots_wanted", "Bots that are to be out", labels=("pool",))
    leads = GaugeMetricFamily("tenure_bots_matching", "Whether this process matches the pool", labels=("pool",))
    commits = CounterMetricFamily("tenure_bots_commits", "Matches that this process made", labels=("pool",))
    spent = CounterMetricFamily(
        "tenure_bots_commit_seconds", "Time that this process spent making them", labels=("pool",)
    )
    conflicts = CounterMetricFamily(
        "tenure_bots_conflicts", "Matches refused since somebody in them had changed", labels=("pool",)
    )
    making = service.matchmaking
    for pool in pools:
        wanted.add_metric((pool.id,), pool.max_deployed)
        leads.add_metric((pool.id,), making.leads.get(pool.id, False))
        commits.add_metric((pool.id,), making.matches[pool.id])
        spent.add_metric((pool.id,), making.commit_seconds[pool.id])
        conflicts.add_metric((pool.id,), making.conflicts[pool.id])
    manages = GaugeMetricFamily(
        "tenure_bots_managing", "Whether this process manages the fleet", value=service.fleet.leads
    )
    return iter((wanted, leads, commits, spent, conflicts, manages))


def _quality(figures: Sequence[Quality]) -> Iterator[Metric]:
    outcomes = GaugeMetricFamily(
        "tenure_bots_window_matches", "Matches of the last hour, by what came of them", labels=("pool", "outcome")
    )
    gone = GaugeMetricFamily(
        "tenure_bots_window_gone", "Who of the last hour went without a match", labels=("pool", "reason")
    )
    oldest = GaugeMetricFamily("tenure_bots_oldest_wait_seconds", "Wait of who waits longest", labels=("pool",))
    for quality in figures:
        for outcome in OUTCOMES:
            outcomes.add_metric((quality.pool, outcome), getattr(quality, outcome))
        for reason in GONE:
            gone.add_metric((quality.pool, reason), getattr(quality, reason))
        oldest.add_metric((quality.pool,), quality.oldest_seconds or 0.0)
    yield from (outcomes, gone, oldest)
    yield _spreads("wait_seconds", "Wait at the offer, over the last hour", {q.pool: q.wait for q in figures})
    yield _spreads("gap", "Rating gap of matches, over the last hour", {q.pool: q.gap for q in figures})
    yield _spreads("unevenness", "How far from even, over the last hour", {q.pool: q.unevenness for q in figures})


def _spreads(name: str, about: str, spreads: dict[str, Spread]) -> Metric:
    metric = GaugeMetricFamily(f"tenure_bots_{name}", about, labels=("pool", "quantile"))
    for pool, spread in spreads.items():
        for quantile, value in (("0.5", spread.p50), ("0.9", spread.p90), ("0.99", spread.p99)):
            if value is not None:
                metric.add_metric((pool, quantile), value)
    return metric


def _breaker(service: BotsService) -> Metric:
    metric = GaugeMetricFamily(
        "tenure_bots_game_breaker", "How the breaker of calls to the game stands", labels=("state",)
    )
    for state in BREAKER:
        metric.add_metric((state,), service.game.breaker == state)
    return metric
