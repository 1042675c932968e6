"""Servers of our own: a real Valkey or PostgreSQL in a folder, as a child of this process, on loopback.

They need no installation by hand: the wheels of `tenure[servers]` carry them. A folder's data is used again by its
next server. This package knows no engine: it gives a URL, and whoever wants opens that.
"""

from __future__ import annotations

from tenure.servers.server import Server, ServerFailed, running_url
from tenure.servers.starting import let_in, start_postgres, start_valkey

__all__ = ["Server", "ServerFailed", "let_in", "running_url", "start_postgres", "start_valkey"]
