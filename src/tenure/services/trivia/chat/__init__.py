"""Chats in which games are played: what each must do, what is posted there, and the one that comes along."""
