"""Arrivals replayed in explicit time: how one rule of matching does beside others, before anybody has to wait for it."""
