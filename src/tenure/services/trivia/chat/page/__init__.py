"""The players' page: people join a guild under a name, in as many browsers as there are people, and play.

http         the routes                 entering   who is it, by the key in the cookie
reading      what a channel shows       live       what is written while the page is open
notation     replies as HTML            rendering  templates, styles and the script
"""
