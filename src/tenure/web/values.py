"""Changes from text: what a command line or a form gives, in the types that the table declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tenure.core.errors import InvalidChange
from tenure.core.lifecycle import Lifecycle, declared_by
from tenure.core.states import StateOf
from tenure.core.transitions import Change, Claim, Edge, Next, Who


def change_of(
    model: type[Any],
    id: str,
    transition: str,
    values: Mapping[str, str],
    *,
    version: int | None = None,
    fence: int | None = None,
) -> Change[Any]:
    """Give the change that a transition makes with these texts. Raises `InvalidChange`."""
    edge = edge_of(model, transition)
    if edge.by is Who.SWEEPER:
        raise InvalidChange(f"`{transition}` is the sweeper's: it happens by itself, or with `tenure sweep` once due")
    if edge.by is Who.HOLDER and fence is None:
        raise InvalidChange(f"`{transition}` is the holder's: pass the fence under which it is held, with --fence")
    target: Any = id if fence is None else Claim(model, id, fence)
    given = {name: _value(model, edge, name, text) for name, text in values.items()}
    missing = [name for name in edge.parameters.names if name not in given and name not in edge.parameters.defaults]
    unknown = [name for name in given if name not in edge.parameters.names]
    if missing or unknown:
        takes = ", ".join(edge.parameters.names) or "nothing"
        raise InvalidChange(f"`{transition}` takes {takes}: {_wrong(missing, unknown)}")
    change: Change[Any] = getattr(model, transition)(target, **given)
    change.version = version
    return change


def create_of(model: type[Any], id: str | Next, values: Mapping[str, str], state: str = "") -> Change[Any]:
    """Give the change that creates a record with these texts, in another initial state if one is named."""
    given = {name: _field(model, name, text) for name, text in values.items()}
    change: Change[Any] = model.create_in(StateOf(model, (state,)), id, **given) if state else model.create(id, **given)
    return change


def edge_of(model: type[Lifecycle], transition: str) -> Edge[Any]:
    """Give a declared transition. Raises `InvalidChange`."""
    edge = declared_by(model).edges.get(transition)
    if edge is None:
        known = ", ".join(sorted(declared_by(model).edges))
        raise InvalidChange(f"{model.__name__} has no transition {transition!r}; it has {known}")
    return edge


def _wrong(missing: list[str], unknown: list[str]) -> str:
    parts = [*(f"{name} is missing" for name in missing), *(f"{name} is not among them" for name in unknown)]
    return ", ".join(parts)


def _value(model: type[Any], edge: Edge[Any], name: str, text: str) -> Any:
    """Give a parameter: a field's in that field's type; one that is only noted in any that fits."""
    if name in declared_by(model).fields:
        return _field(model, name, text)
    for value in (text, _json(text)):
        try:
            edge.parameters._checks[name](value)  # noqa: SLF001
        except (KeyError, msgspec.ValidationError, TypeError):
            continue
        return value
    return text


def _field(model: type[Any], name: str, text: str) -> Any:
    declared = declared_by(model).fields.get(name)
    if declared is None:
        return text  # which the transition or `create` refuses, and says what there is
    if text == "null":
        try:
            return msgspec.convert(None, declared.type)
        except msgspec.ValidationError:
            pass
    for value in (text, _json(text)):
        try:
            return msgspec.convert(value, declared.type, strict=False)
        except msgspec.ValidationError:
            continue
    raise InvalidChange(f"{name}={text!r} does not fit: {name} is {_said(declared.type)}")


def _said(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
