"""What programs and pages say: a transition that is wanted, and texts in the query."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from tenure.http.rejections import Invalid

MOST_OF_A_TEXT = 500


class ApplyWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A program wants a transition to be made."""

    kind: str
    id: str
    transition: str
    values: dict[str, str] = {}
    op: str = ""
    why: str = ""
    version: int | None = None
    fence: int | None = None


def text(request: Request, name: str) -> str | None:
    """Read a text from the query; None if it is absent or empty."""
    value = request.query_params.get(name, "")
    check_text(name, value)
    return value or None


def check_text(name: str, value: str) -> None:
    """Raise `Invalid` for what no id, name or key can be."""
    if len(value) > MOST_OF_A_TEXT:
        raise Invalid(f"`{name}` is too long: at most {MOST_OF_A_TEXT} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Invalid(f"`{name}` is not valid Unicode") from None
