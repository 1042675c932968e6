"""Arrivals replayed in explicit time: how a rule of matching does beside others, before anybody waits for it."""
