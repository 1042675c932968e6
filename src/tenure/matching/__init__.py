"""Pairing those who wait, by rating: for any lifecycle with a rank.

`entrants` says who waits, by which rules, and what a match is: plain values, and the contract `Matching`.
`matcher` matches one queue of a store: it follows the ranks, and commits all or nothing under a fence.
"""
