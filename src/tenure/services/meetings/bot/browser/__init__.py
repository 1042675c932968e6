"""Attending in a real browser, as a person does.

chromium   the browser's process, its switches, and how it ends
pipe       what connects it with Playwright, without a port that anybody else could use
platform   the words in which a platform is described: what to look for, what to click
look.js    one look at a page in these words
captions   captions that grow while somebody speaks, as finished sentences
browser    the driver: open, join, look, leave; the same for all platforms
local …    one small file per platform
"""
