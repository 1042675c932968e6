"""Discord as a chat: posts with buttons, slash commands, and what becomes of its refusals."""
