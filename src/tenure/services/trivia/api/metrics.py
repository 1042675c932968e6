"""What Prometheus reads of the service. Labels are states, steps, chats and sources: never a guild, game or member."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from tenure.services.trivia.service import TriviaService
from tenure.services.trivia.watching import Waits, Watching


async def collect(service: TriviaService) -> list[Metric]:
    """Read all figures once."""
    watching = Watching(service)
    counts = await watching.counts()
    return [
        *(_states(f"tenure_trivia_{name}", f"{name.capitalize()} by state", c) for name, c in counts.items()),
        *_waiting(await watching.steps(counts)),
        _well("tenure_trivia_chat_up", "chat", {name: chat.trouble for name, chat in service.chats.items()}),
        *_sources(service),
    ]


def _states(name: str, about: str, counts: dict[str, int]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=("state",))
    for state, number in counts.items():
        metric.add_metric((state,), number)
    return metric


def _waiting(steps: dict[str, Waits]) -> Iterator[Metric]:
    number = GaugeMetricFamily("tenure_trivia_waiting", "What waits for a step", labels=("step",))
    oldest = GaugeMetricFamily("tenure_trivia_oldest_wait_seconds", "How long the oldest waits", labels=("step",))
    for step, waits in steps.items():
        number.add_metric((step,), waits.number)
        oldest.add_metric((step,), waits.oldest_seconds or 0.0)
    yield from (number, oldest)


def _sources(service: TriviaService) -> Iterator[Metric]:
    listed = service.sources.listed()
    questions = GaugeMetricFamily("tenure_trivia_questions", "Questions at hand", labels=("source",))
    for source in listed:
        questions.add_metric((source.name,), source.questions)
    yield questions
    yield _well("tenure_trivia_source_up", "source", {source.name: source.trouble for source in listed})


def _well(name: str, label: str, troubles: dict[str, str]) -> Metric:
    metric = GaugeMetricFamily(name, f"Whether nothing is wrong with the {label}", labels=(label,))
    for named, trouble in troubles.items():
        metric.add_metric((named,), not trouble)
    return metric
