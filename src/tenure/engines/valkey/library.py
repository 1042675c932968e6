"""Loads the Lua: what all operations share in `lua/parts/`, one operation per file in `lua/`.

They make one function library, named by its content, so that builds of a program live side by side on one server.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

REGISTERED = """redis.register_function{{
  function_name = '{name}',
  callback = (function()
{body}
end)(),
  flags = {{ {flags} }},
}}
"""


def _read(folder: str) -> dict[str, str]:
    found = files("tenure.engines.valkey").joinpath(folder).iterdir()
    return {f.name.removesuffix(".lua"): f.read_text("utf-8") for f in found if f.name.endswith(".lua")}


def _flags(body: str) -> str:
    return "'no-writes'" if "\n-- flags: no-writes\n" in body else ""


PARTS = "".join(text for _, text in sorted(_read("lua/parts").items()))
OPERATIONS = dict(sorted(_read("lua").items()))
READS = frozenset(name for name, body in OPERATIONS.items() if _flags(body))
HASH = hashlib.sha256("".join([PARTS, *OPERATIONS, *OPERATIONS.values()]).encode()).hexdigest()[:12]
LIBRARY = f"tenure_{HASH}"
NAMES = {name: f"{LIBRARY}_{name}" for name in OPERATIONS}
SOURCE = (
    f"#!lua name={LIBRARY}\n"
    + PARTS
    + "".join(REGISTERED.format(name=NAMES[n], body=body, flags=_flags(body)) for n, body in OPERATIONS.items())
)
