"""What stands between a client and the game: a documented protocol, and two transports that speak it.

protocol     every message, as data; version 1
tokens       who may connect, proved for a minute
limits       how often and how much one connection and one address may say
outbox       what waits for a reader: bounded
session      one player's session, whatever carries it
websocket    JSON over a WebSocket
socketio     the same over Socket.IO, for clients that speak it
"""
