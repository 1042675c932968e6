"""The page of those who run battles: instances, queues, battles, what dead instances left; live.

http         the routes              acting    what forms do
reading      overview and lists      one       one battle or instance, with what happened
words        states, events and reasons in plain words
rendering    templates, styles and the script
"""
