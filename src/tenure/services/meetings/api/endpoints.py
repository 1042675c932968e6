"""What the endpoints of meetings have in common. The tables are in `bots`, `meetings`, `webhooks` and `admin`."""

from __future__ import annotations

from starlette.requests import Request

from tenure.http.reading import read_number
from tenure.http.rejections import Absent
from tenure.services.meetings.archive import NO_MEETING

MOST_LISTED = 1000
LONGEST_ID = 200
LARGEST_ID = 2**53


def named(request: Request) -> tuple[str, str, str | None]:
    """Give platform and id as the path names them, and the meeting's own id if the query does.

    What can't be a name is as absent as what is foreign.
    """
    platform, native_id = request.path_params["platform"], request.path_params["native_meeting_id"]
    if not native_id.isprintable() or len(native_id) > LONGEST_ID:
        raise Absent(NO_MEETING)
    number = read_number(request, "meeting_id", default=None, most=LARGEST_ID)
    return platform, native_id, None if number is None else str(number)
