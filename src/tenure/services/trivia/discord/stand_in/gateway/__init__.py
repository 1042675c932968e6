"""The gateway of the stand-in: the WebSocket on which the bot hears what happens."""
