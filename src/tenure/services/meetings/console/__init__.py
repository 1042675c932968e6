"""The meetings page, for operators and users: what bots do, live, and the buttons that go with it.

http         the routes          access      who has logged in, and whose forms these are
reading      what is shown       words       states, events and reasons in plain words
acting       what forms do       streams     what is live on a page
rendering    templates, styles and the script
"""
