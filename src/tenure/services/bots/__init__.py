"""Bots: a fleet that is deployed, queues beside people, is matched, plays, rates and rotates."""
