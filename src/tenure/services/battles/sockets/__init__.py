"""What stands between a client and the game: a documented protocol, and two transports that speak it.

protocol     every message of the server, as data, and the codes of the end; version 1
requests     every message of a client, as data, and what is done at it
contract     what a session asks of the game and of its transport, and the game of a session
tokens       who may connect, proved for a minute
limits       how often and how much one connection and one address may say
mistakes     what a client is told of what it asked for in vain
outbox       what waits for a reader: bounded; signals are dropped first
session      one player's session, whatever carries it
entrance     who is let in, and the sessions that are open
attending    brings a session together with presence, queue and rooms; `line` is the way from a room to a client
websocket    JSON over a WebSocket
socketio     the same over Socket.IO: `events` has its words, `gate` and `frames` stand before the library
serving      all of these put together, as one server has them
"""
