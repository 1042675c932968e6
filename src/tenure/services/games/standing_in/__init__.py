"""One stand-in for all processes of a store that have no API key: whose it is stands in a record, under a lease.

lifecycle    where it answers      sharing      who starts it, who asks it there, and who takes over
"""
