"""The errors that Discord answers with: a status, a code of its own, and words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818  an answer
    """One error answer. `details` says what is wrong with which field."""

    def __init__(self, status: int, code: int, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details

    @property
    def body(self) -> Json:
        """What is sent."""
        body: Json = {"message": self.message, "code": self.code}
        return body if self.details is None else {**body, "errors": self.details}


def no_such_route() -> Refusal:
    """Nothing is at this address."""
    return Refusal(404, 0, "404: Not Found")


def unauthorized() -> Refusal:
    """The token is wrong, or was revoked."""
    return Refusal(401, 0, "401: Unauthorized")


def unknown(what: str) -> Refusal:
    """No such thing: a `Channel`, a `Guild`, and so on."""
    return Refusal(404, UNKNOWN[what], f"Unknown {what}")


UNKNOWN = {
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "Application": 10002,
}


def missing_access() -> Refusal:
    """The channel, or its guild, is hidden from the bot."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """The bot sees the channel, but may not do this there."""
    return Refusal(403, 50013, "Missing Permissions")


def not_its_author() -> Refusal:
    """Only the author edits a message."""
    return Refusal(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refusal:
    """A message needs something to show."""
    return Refusal(400, 50006, "Cannot send an empty message")


def acknowledged() -> Refusal:
    """An interaction is answered once."""
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def spent_token() -> Refusal:
    """The token of an interaction is good for fifteen minutes."""
    return Refusal(401, 50027, "Invalid Webhook Token")


def no_json() -> Refusal:
    """The body can't be read."""
    return Refusal(400, 50109, "The request body contains invalid JSON.")


def invalid_form(details: Json) -> Refusal:
    """Some fields are wrong; `details` is a tree of them, as `fields` makes it."""
    return Refusal(400, 50035, "Invalid Form Body", details)


def fields(wrong: Iterable[tuple[tuple[str | int, ...], str, str]]) -> Json:
    """Make the tree of wrong fields from (path, code, message)."""
    tree: Json = {}
    for path, code, message in wrong:
        place = tree
        for step in path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})
    return tree
