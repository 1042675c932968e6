"""Measures engines through the public API, beside their own statements alone and beside one commit for each change.

`tenure bench` runs it; the project's own benchmarks, which also measure others, are built on it.
"""
