"""Pairing those who wait, by rating: for any lifecycle with a rank.

`entrants` says who waits, by which rules, and what a match is: plain values, and the contract `Matching`.
`choosing` gives the queue that fits the rules. `line` is that of one against one: `rows` keeps it in order, `passes`
pairs many at once, by `paths` or, with numpy, by `kernel`, and the few exactly.
`matcher` matches one queue of a store: it follows the ranks, and commits all or nothing under a fence.
"""
