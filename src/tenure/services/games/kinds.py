"""All kinds of the service: what its store must be opened with."""

from __future__ import annotations

from tenure.pacing.lifecycle import kinds as pacing
from tenure.services.games import lifecycle

kinds = (*lifecycle.kinds, *pacing)
