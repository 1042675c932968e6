"""Chats in which games are played: what each must do, what is posted there, and the one that comes along.

contract     what the service asks of any chat
table        the commands that any chat offers         commands   what becomes of one, and of a button
asking       who asks, and what is replied             playing, managing   what each command does
wording      how replies are written

lifecycle    the chat that comes along: its channels, members and messages
web          that chat as the service has it           channels, members   what is done to these
talking      what its members write                    typed      commands as they are typed
page         its page in the browser
"""
