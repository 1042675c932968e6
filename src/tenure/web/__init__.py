"""Tenure over HTTP: the platform's own routes, the dashboard, and the server that `tenure up` runs."""
