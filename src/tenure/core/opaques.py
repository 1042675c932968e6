"""Reads the opaque fields of a record: all at once, since each for itself would go through the whole text again."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from tenure.core.fields import Field, members


class Opaques:
    """The opaque fields of one kind; `defaults` are by stored name.

    A value that nobody can change is read once and kept. Any other stays text, and is read anew for whoever asks, so
    that a record stays as it is whatever is done to what was read of it.
    """

    def __init__(self, fields: Iterable[Field], defaults: Mapping[str, msgspec.Raw]) -> None:
        self._fields, self._defaults = [field for field in fields if not field.visible], defaults

    def read(self, text: bytes) -> msgspec.Struct:
        """Give the values by the fields' names; what is still text is a `msgspec.Raw`."""
        try:
            return self._values.decode(text)
        except msgspec.ValidationError:
            # Another build wrote a value of another type: only who reads that one is told of it.
            return self._texts.decode(text)

    @cached_property
    def _values(self) -> msgspec.json.Decoder[msgspec.Struct]:
        return self._decoder([field for field in self._fields if _never_changes(field.type)])

    @cached_property
    def _texts(self) -> msgspec.json.Decoder[msgspec.Struct]:
        return self._decoder([])

    def _decoder(self, kept: list[Field]) -> msgspec.json.Decoder[msgspec.Struct]:
        shape: list[tuple[str, Any, Any]] = []
        for field in self._fields:
            default = self._defaults.get(field.stored)
            if field in kept:
                shape.append((field.name, field.type, None if default is None else field.decode(default)))
            else:
                shape.append((field.name, msgspec.Raw, default))
        stored = {field.name: field.stored for field in self._fields}
        return msgspec.json.Decoder(msgspec.defstruct("Opaque", shape, rename=stored, gc=False))


def _never_changes(annotation: Any) -> bool:
    return all(member in _SIMPLE or typing.get_origin(member) is typing.Literal for member in members(annotation))


_SIMPLE = (str, int, float, bool, bytes, datetime, timedelta, type(None), None)
