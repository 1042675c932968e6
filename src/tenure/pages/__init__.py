"""What all pages share, below the dashboard and the services: one look, one way in, and liveness.

rendering   templates, the style sheet and the script: a page's own after the shared ones
desk        the frame of a page for operators: way in, refusals, streams
timelines   what happened to a record, in plain words
wording     names of states, events and reasons in plain words
showing     times, lengths and sentences as people read them
sessions    who has logged in: a signed cookie, and the token of each form
entrance    the form that takes a key, and the way out
forms       what a browser sends, bounded
streaming   server-sent events, which keep an open page live
paging      a list a page at a time
"""
