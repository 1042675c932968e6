"""Signals go no further than the store of one process: a file wakes nobody.

Only for SQLite; the servers' engines carry them from one process to another.
"""

from __future__ import annotations

from pathlib import Path

from tests.engine_contract.kinds import KINDS

import tenure


async def test_a_signal_stays_within_the_store_that_sent_it(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/store.db"
    async with tenure.open(url, *KINDS) as one, tenure.open(url, *KINDS) as two:
        async with one.signals("t") as here, two.signals("t") as there:
            await one.signal("t", b"here")
            await two.signal("t", b"there")
            assert await anext(here) == b"here"
            assert await anext(there) == b"there"
