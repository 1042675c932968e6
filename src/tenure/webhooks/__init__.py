"""Posts to addresses that somebody else names, for any service.

addresses   which of them may be called      posting   one POST, in bounded time      signing   whom it comes from
"""
