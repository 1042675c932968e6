"""Tenure with live traffic to look at: `make demo`.

__main__    what is started, and what is said
servers     the processes: `tenure up`, a second server of battles, and a runner that holds the bots
town        pools and bots, and how many people come
people      how a person joins, accepts, plays and leaves, over HTTP as anybody would
players     how the bots play: each as well as its name says
arena       wizards who duel over WebSockets, on two servers
quiz        a round of trivia each minute, and members who answer
meetings    two meetings with bots in them, and somebody who talks
"""
