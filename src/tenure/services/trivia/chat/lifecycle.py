"""The chat that comes along: channels of a guild, who is there, and what was written."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import timedelta

from tenure import SWEEPER, End, Lifecycle, Limit, State, days, end_of, field, parent, serial
from tenure.services.trivia.chat.contract import Post
from tenure.services.trivia.lifecycle import Guild


class ChatChannel(Lifecycle, history=days(7)):
    """A channel; its id is `GUILD/NAME`, so a guild has one of a name."""

    guild: str = parent(Guild)
    name: str

    open = State(initial=True, under=Guild.known)
    closed = State()
    removed = End(keep=timedelta(0))

    kept = open | closed

    # Nobody writes there, the service neither: its games wait until the channel is open again.
    close = open.to(closed)
    reopen = closed.to(open)
    remove = kept.to(removed)
    lapse = kept.to(removed, by=SWEEPER, after=end_of(guild))

    at_most = Limit(at_most=100, per=guild, over=kept)


class ChatMember(Lifecycle, history=days(7)):
    """Somebody in a guild: whoever shows the key of which this is the digest."""

    number: int = serial()
    guild: str = parent(Guild)
    name: str
    name_key: str = field()
    """The name as it is compared: two that look alike are one."""
    digest: str | None = field(default=None)
    manages: bool = False

    present = State(initial=True, has=digest, under=Guild.known)
    shut_out = State()
    removed = End(keep=timedelta(0))

    kept = present | shut_out

    @present.stay()
    def renew(self, digest: str) -> None: ...

    @kept.stay()
    def let_manage(self, manages: bool) -> None: ...  # noqa: FBT001  a field of the record

    # The key is worthless from this instant; name and points stay the member's.
    revoke = present.to(shut_out)

    @shut_out.to(present)
    def let_in(self, digest: str) -> None: ...

    remove = kept.to(removed)
    lapse = kept.to(removed, by=SWEEPER, after=end_of(guild))

    one_per_digest = Limit(at_most=1, per=digest, over=present)
    one_per_name = Limit(at_most=1, per=(guild, name_key), over=kept)
    seats = Limit(at_most=10_000, per=guild, over=kept)


class ChatMessage(Lifecycle, history=days(2)):
    """A message; its id is `GUILD/CHANNEL/MARK`, so one mark is posted once, whoever tries how often.

    Without `member` it is a post of the service itself, which is kept as data and shown by its kind. With `command`
    the text is what a member was answered to that command, for all to see; else it is what the member said.
    """

    number: int = serial()
    channel: str = parent(ChatChannel)
    member: str | None = parent(ChatMember, default=None)
    name: str
    text: str = ""
    command: str | None = None
    post: Post | None = None

    said = End(initial=True, keep=days(14), under=ChatChannel.open)

    @said.stay()
    def show_anew(self, post: Post) -> None: ...


kinds = (ChatChannel, ChatMember, ChatMessage)
