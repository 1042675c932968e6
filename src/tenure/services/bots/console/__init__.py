"""The bots page, for operators: fleets, queues, matches and ratings, live, and the buttons that go with them.

http         the routes              acting    what forms do
reading      pools and lists         one       one bot, match, ticket or player, with its timeline
outlook      why somebody still waits
drawing      what is drawn, as plain numbers; `drawing.html` turns them into SVG
words        states, events and reasons in plain words
rendering    templates, styles and the script
"""
