"""All kinds of the service, and that of matching: what its store must be opened with."""

from __future__ import annotations

from tenure.matching.lifecycle import Matchmaker
from tenure.services.battles import lifecycle

kinds = (*lifecycle.kinds, Matchmaker)
