"""Trivia: questions on a schedule, answers in a window, results that are posted once, in a chat of several."""
