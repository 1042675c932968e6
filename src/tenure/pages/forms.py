"""What a browser sends: forms and queries, bounded, and never repeated in a refusal."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request

from tenure.http.reading import read_bytes
from tenure.http.rejections import Invalid

MOST_FIELDS = 100


async def read_form(request: Request) -> dict[str, str]:
    """Read a form as browsers send it; the last value of a name counts. It may be read again."""
    if not hasattr(request.state, "form"):
        try:
            text = (await read_bytes(request)).decode("ascii")
            found = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        except ValueError:
            raise Invalid("the form can't be read: fill in the page's own") from None
        request.state.form = {name: values[-1] for name, values in found.items()}
    form: dict[str, str] = request.state.form
    return form


def read_text(request: Request, name: str, *, most: int = 300) -> str | None:
    """Read a text from the query; None if it is absent or empty."""
    value = request.query_params.get(name, "").strip()
    if len(value) > most or not value.isprintable():
        raise Invalid(f"`{name}` is no text that fits here")
    return value or None
