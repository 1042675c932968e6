"""What load balancers and Prometheus ask of every service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from tenure import Store, TenureError
from tenure.http.endpoints import json


async def readiness(store: Store, *, stopping: bool) -> Response:
    """Ask the store; 503 where it does not answer, and when the server is about to stop."""
    reasons = ["the server is about to stop"] if stopping else []
    try:
        await store.position()
    except (TenureError, OSError) as error:
        reasons.append(f"the store can't be reached ({type(error).__name__})")
    return json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


def figures(metrics: Sequence[Metric]) -> Response:
    """Answer with metrics that were read before."""
    return Response(written(metrics), media_type=CONTENT_TYPE_LATEST)


def written(metrics: Sequence[Metric]) -> bytes:
    """Write metrics as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(metrics))
    return generate_latest(registry)


class _Read:
    """Metrics that were read before, as a registry wants them."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
