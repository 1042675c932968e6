"""Rate limits that all processes of a store share, for whatever is asked of others.

`rates` says how much may be asked, and how that is spread: plain values. `lifecycle` is the record of it, of which
every process takes blocks of tokens, each in one versioned change. `pacer` gives them out within a process.
"""
