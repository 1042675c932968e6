"""A process that serves is not kept by the garbage collector from answering."""

from __future__ import annotations

import gc

from tenure.web import garbage


def test_what_is_there_is_not_looked_through_again_and_a_thousand_new_things_are_not_either() -> None:
    threshold = gc.get_threshold()
    try:
        garbage.settle()
        gc.collect()
        looked = gc.get_stats()[0]["collections"]
        kept = [[number] for number in range(5000)]
        assert gc.get_stats()[0]["collections"] == looked
        assert gc.get_freeze_count() > 10 * len(gc.get_objects(generation=2))
        assert len(kept) == 5000
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
