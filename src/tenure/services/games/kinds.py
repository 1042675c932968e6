"""All kinds of the service: what its store must be opened with."""

from __future__ import annotations

from tenure.pacing.lifecycle import kinds as pacing
from tenure.services.games import lifecycle
from tenure.services.games.page.lifecycle import kinds as page
from tenure.services.games.standing_in.lifecycle import kinds as standing_in

kinds = (*lifecycle.kinds, *page, *standing_in, *pacing)
