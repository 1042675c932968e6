"""Why a request is turned down. Each message is sent back as `detail`: it says what to do, and repeats no input."""

from __future__ import annotations


class Rejected(Exception):  # noqa: N818  an answer, not a fault
    """The request is turned down and changed nothing."""

    status = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unauthorized(Rejected):
    """No valid key came with it."""

    status = 401


class Forbidden(Rejected):
    """It came from somebody whose right to it is over."""

    status = 403


class Absent(Rejected):
    """There is no such thing; what belongs to somebody else answers alike."""

    status = 404


class Conflict(Rejected):
    """It does not fit the state in which things are."""

    status = 409


class TooLarge(Rejected):
    """The body is larger than anything that could be meant."""

    status = 413


class Invalid(Rejected):
    """The input is wrong in form."""

    status = 422


class TooMany(Rejected):
    """All slots are taken."""

    status = 429


class NotNow(Rejected):
    """It can't be done now, but may be in a moment, or by another process."""

    status = 503
