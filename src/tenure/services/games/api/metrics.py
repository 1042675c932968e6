"""What Prometheus reads of the service. Labels are states, steps, requests and errors: never a player or a game."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tenure.services.games.delays import Delays, Lengths, recent_delays
from tenure.services.games.service import GamesService
from tenure.services.games.watching import Seen, Waits, Watching


async def collect(service: GamesService) -> list[Metric]:
    """Read all figures once."""
    seen, delays = await Watching(service).look(), await recent_delays(service.store)
    return [
        _numbers("tenure_games_players", "Players by state", "state", seen.players),
        _numbers("tenure_games_games", "Games by state", "state", seen.games),
        *_waiting(seen.waiting),
        *_turns(seen),
        *_delays(delays),
        _counted("tenure_games_requests", "What this process asked Riot", "what", seen.asked),
        _counted("tenure_games_failures", "What of it failed; Limited is a status 429", "error", seen.failed),
        GaugeMetricFamily("tenure_games_riot_up", "Whether Riot can be asked", value=not service.asking.trouble),
    ]


def _numbers(name: str, about: str, label: str, numbers: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=(label,))
    for each, number in numbers.items():
        metric.add_metric((each,), number)
    return metric


def _counted(name: str, about: str, label: str, numbers: Mapping[str, int]) -> Metric:
    metric = CounterMetricFamily(name, about, labels=(label,))
    for each, number in numbers.items():
        metric.add_metric((each,), number)
    return metric


def _waiting(steps: Mapping[str, Waits]) -> Iterator[Metric]:
    numbers = {step: waits.number for step, waits in steps.items()}
    late = {step: waits.late_seconds for step, waits in steps.items()}
    yield _numbers("tenure_games_waiting", "What waits for a step", "step", numbers)
    yield _numbers("tenure_games_late_seconds", "By how much the first of it is late", "step", late)


def _turns(seen: Seen) -> Iterator[Metric]:
    if seen.looked_at_seconds_ago is not None:
        yield GaugeMetricFamily(
            "tenure_games_oldest_turn_seconds",
            "How long ago the lot of players was looked at that waits longest",
            value=seen.looked_at_seconds_ago,
        )


def _delays(delays: Delays) -> Iterator[Metric]:
    yield _lengths("tenure_games_detection_delay_seconds", "From a game's beginning to its detection", delays.detection)
    yield _lengths("tenure_games_result_delay_seconds", "From a game's end to its result", delays.result)
    shares = {"tenure_games_results_within_5_minutes": delays.results_soon, "tenure_games_retried": delays.retried}
    for name, share in shares.items():
        if share is not None:
            yield GaugeMetricFamily(name, "The share of the last hundred results", value=share)


def _lengths(name: str, about: str, lengths: Lengths | None) -> Metric:
    found = {} if lengths is None else {"median": lengths.median_seconds, "most": lengths.most_seconds}
    return _numbers(name, f"{about}, of the last hundred results", "of", found)
