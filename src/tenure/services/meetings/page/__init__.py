"""The project's own meeting page: people join a room in a browser, and bots join it as participants.

It stands for a meeting platform where there is no internet, and in tests; its rooms are open to whoever knows their
names, as a meeting's link is.
"""
