"""What Discord takes in messages: its limits on texts, embeds and components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tenure.services.trivia.discord.stand_in.refusals import Json, empty_message, fields, invalid_form

CONTENT, EMBEDS, EMBED_TEXTS, ROWS, BUTTONS, NONCE, SNOWFLAKE = 2000, 10, 6000, 5, 5, 25, 20
EMBED_LENGTHS = {"title": 256, "description": 4096}
PART_LENGTHS = {"footer": ("text", 2048), "author": ("name", 256)}
FIELDS, FIELD_LENGTHS = 25, {"name": 256, "value": 1024}
BUTTON_LENGTHS = {"label": 80, "custom_id": 100}
LINK = 5

Path = tuple[str | int, ...]


class Wrong(NamedTuple):
    """One wrong field: where, Discord's word for it, and the message."""

    path: Path
    code: str
    message: str


def check_message(body: Json, *, needs_something: bool = True) -> None:
    """Refuse a message that Discord would refuse."""
    wrong = [*_plain(body), *_embeds(body.get("embeds")), *_rows(body.get("components"))]
    if wrong:
        raise invalid_form(fields(wrong))
    if needs_something and not any(body.get(part) for part in ("content", "embeds", "components", "attachments")):
        raise empty_message()


def too_long(path: Path, text: Any, most: int) -> Iterator[Wrong]:
    """Find a text that is no text, or is longer than it may be."""
    if text is None:
        return
    if not isinstance(text, str):
        yield Wrong(path, "STRING_TYPE_CONVERT", f'Could not interpret "{text}" as string.')
    elif len(text) > most:
        yield Wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def required(path: Path, value: Any) -> Iterator[Wrong]:
    """Find a field that is missing."""
    if value in (None, ""):
        yield Wrong(path, "BASE_TYPE_REQUIRED", "This field is required")


def objects(path: Path, value: Any, most: int) -> Iterator[Wrong]:
    """Find a list that is none, has too much in it, or something that is no object."""
    if not isinstance(value, list):
        yield Wrong(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    elif len(value) > most:
        yield Wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {most} in length.")
    else:
        for place, one in enumerate(value):
            yield from an_object((*path, place), one)


def an_object(path: Path, value: Any) -> Iterator[Wrong]:
    """Find what is no object, though it is there."""
    if value is not None and not isinstance(value, dict):
        yield Wrong(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")


def _plain(body: Json) -> Iterator[Wrong]:
    yield from too_long(("content",), body.get("content"), CONTENT)
    nonce = body.get("nonce")
    if nonce is not None and not isinstance(nonce, int):
        yield from too_long(("nonce",), nonce, NONCE)
    if not isinstance(body.get("flags") or 0, int):
        yield Wrong(("flags",), "NUMBER_TYPE_COERCE", f'Value "{body["flags"]}" is not int.')
    reference = body.get("message_reference")
    yield from an_object(("message_reference",), reference)
    if isinstance(reference, dict):
        yield from too_long(("message_reference", "message_id"), reference.get("message_id"), SNOWFLAKE)


def _embeds(embeds: Any) -> Iterator[Wrong]:
    if embeds is None:
        return
    wrong = list(objects(("embeds",), embeds, EMBEDS))
    wrong = wrong or [one for number, embed in enumerate(embeds) for one in _embed(("embeds", number), embed)]
    yield from wrong
    if not wrong and sum(map(_size, embeds)) > EMBED_TEXTS:
        size = f"Embed size exceeds maximum size of {EMBED_TEXTS}"
        yield Wrong(("embeds", 0), "MAX_EMBED_SIZE_EXCEEDED", size)


def _embed(path: Path, embed: Json) -> Iterator[Wrong]:
    for name, most in EMBED_LENGTHS.items():
        yield from too_long((*path, name), embed.get(name), most)
    for part, (name, most) in PART_LENGTHS.items():
        yield from an_object((*path, part), embed.get(part))
        if isinstance(embed.get(part), dict):
            yield from too_long((*path, part, name), embed[part].get(name), most)
    yield from _fields((*path, "fields"), embed.get("fields"))


def _fields(path: Path, shown: Any) -> Iterator[Wrong]:
    wrong = [] if shown is None else list(objects(path, shown, FIELDS))
    yield from wrong
    for number, one in enumerate([] if wrong else shown or []):
        for name, most in FIELD_LENGTHS.items():
            yield from required((*path, number, name), one.get(name))
            yield from too_long((*path, number, name), one.get(name), most)


def _size(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get(part) or {}).get(name) for part, (name, _) in PART_LENGTHS.items()]
    texts += [one.get(name) for one in embed.get("fields") or [] for name in FIELD_LENGTHS]
    return sum(len(text) for text in texts if isinstance(text, str))


def _rows(rows: Any) -> Iterator[Wrong]:
    if rows is None:
        return
    wrong = list(objects(("components",), rows, ROWS))
    yield from wrong
    seen = set[str]()
    for row, of in enumerate([] if wrong else rows):
        path, parts = ("components", row, "components"), of.get("components")
        wrong = list(objects(path, parts, BUTTONS))
        yield from wrong
        for place, part in enumerate([] if wrong else parts):
            yield from _button((*path, place), part, seen)


def _button(path: Path, part: Json, seen: set[str]) -> Iterator[Wrong]:
    for name, most in BUTTON_LENGTHS.items():
        yield from too_long((*path, name), part.get(name), most)
    if part.get("style") == LINK:
        return
    custom_id = part.get("custom_id")
    yield from required((*path, "custom_id"), custom_id)
    if str(custom_id) in seen:
        yield Wrong((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    seen.add(str(custom_id))
