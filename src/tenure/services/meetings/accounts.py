"""Users and their keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from msgspec import UNSET

from tenure import NEXT, LimitReached, NotFound, NotUnder, Stale, Store, WrongState
from tenure.http.rejections import Absent, Conflict, Invalid, Unauthorized
from tenure.services.meetings.api.inputs import UserChanged, UserWanted, WebhookWanted
from tenure.services.meetings.lifecycle import Token, User
from tenure.webhooks.addresses import Guard, UnsafeUrl
from tenure.webhooks.signing import new_secret

NO_USER = "there is no such user"
MOST_TRIES = 10


def new_key() -> str:
    """Make an API key of 256 random bits."""
    return "tnr_" + secrets.token_urlsafe(32)


class Accounts:
    """Makes users, gives them keys, and knows them again by these."""

    def __init__(
        self,
        store: Store,
        *,
        admin_key: str,
        max_concurrent_bots: int,
        guard: Guard,
        make_key: Callable[[], str] = new_key,
        make_secret: Callable[[], str] = new_secret,
    ) -> None:
        self._store, self._max_concurrent_bots = store, max_concurrent_bots
        self._admin_digest = digest(admin_key)
        self._guard, self._make_key, self._make_secret = guard, make_key, make_secret

    # ------------------------------------------------------------------------------------ who is it

    def check_admin(self, key: str) -> None:
        """Raise `Unauthorized` unless this is the admin's key."""
        if not hmac.compare_digest(digest(key), self._admin_digest):
            raise Unauthorized("this needs the admin's key in the header X-Admin-API-Key")

    async def user_of(self, key: str) -> User:
        """Give the user whose key this is."""
        return (await self.holder_of(key))[1]

    async def holder_of(self, key: str) -> tuple[Token, User]:
        """Give a key's record with its user. Only digests are compared, so time tells nothing of a key."""
        found: list[Token] = await self._store.holding(Token.one_per_digest, digest(key).hex()) if key else []
        if found:
            user = await self._store.get(User, found[0].user)
            if user.state == User.enabled:
                return found[0], user
        raise Unauthorized("this needs a valid API key in the header X-API-Key")

    async def still_holds(self, token_id: str) -> User:
        """Give the user of a key that was shown before, for as long as it is valid."""
        token = (await self._store.get_many(Token, [token_id])).get(token_id)
        if token is not None and token.state == Token.valid:
            user = await self._store.get(User, token.user)
            if user.state == User.enabled:
                return user
        raise Unauthorized("the API key was revoked: take another one")

    # ------------------------------------------------------------------------------------ what admins do

    async def create(self, wanted: UserWanted) -> tuple[User, bool]:
        """Make a user, or give the one with this e-mail address; tells whether it is new."""
        email = wanted.email.lower()
        bots = self._max_concurrent_bots if wanted.max_concurrent_bots is None else wanted.max_concurrent_bots
        try:
            user = await self._store.acting("admin").apply(
                User.create(NEXT, email=email, name=wanted.name, image_url=wanted.image_url, max_concurrent_bots=bots)
            )
        except LimitReached as refusal:
            return await self.get(refusal.holders[0]), False
        return user, True

    async def get(self, id: str | None) -> User:
        """Give a user by id."""
        try:
            user = await self._store.get(User, id or "0")
        except NotFound:
            raise Absent(NO_USER) from None
        if user.state != User.enabled:
            raise Absent(NO_USER)
        return user

    async def by_email(self, email: str) -> User:
        """Give a user by e-mail address."""
        found: list[User] = await self._store.holding(User.one_per_email, email.lower())
        if not found:
            raise Absent(NO_USER)
        return found[0]

    async def page(self, *, skip: int, limit: int) -> list[User]:
        """Give users in the order in which they were made."""
        found: list[User] = []
        after: str | None = None
        while len(found) < skip + limit:
            part = await self._store.find(User.enabled, limit=min(skip + limit - len(found), 1000), after=after)
            if not part:
                break
            found += part
            after = part[-1].id
        return found[skip:]

    async def change(self, id: str | None, changed: UserChanged) -> User:
        """Change what is given."""
        if changed == UserChanged():
            raise Invalid("give at least one of name, image_url, max_concurrent_bots, retention_days")
        for _ in range(MOST_TRIES):
            user = await self.get(id)
            bots, days = changed.max_concurrent_bots, changed.retention_days
            try:
                return await self._store.acting("admin").apply(
                    User.edit(
                        user,
                        name=user.name if changed.name is None else changed.name,
                        image_url=user.image_url if changed.image_url is None else changed.image_url,
                        max_concurrent_bots=user.max_concurrent_bots if bots is None else bots,
                        retention_days=user.retention_days if days is UNSET else days,
                    )
                )
            except (Stale, WrongState):
                continue
        raise Conflict("the user is being changed by others: try again")

    async def new_token(self, id: str | None) -> tuple[Token, str]:
        """Make a key for a user; it is shown this once."""
        user, key = await self.get(id), self._make_key()
        try:
            token = await self._store.acting("admin").apply(Token.create(NEXT, user=user.id, digest=digest(key).hex()))
        except NotUnder:
            raise Absent(NO_USER) from None
        return token, key

    async def revoke(self, id: str | None, token_id: str | None) -> None:
        """Make a key worthless, at once."""
        try:
            token = await self._store.get(Token, token_id or "0")
            if token.user != id:
                raise Absent("there is no such token of this user")
            await self._store.acting("admin").apply(Token.revoke(token.id))
        except NotFound:
            raise Absent("there is no such token of this user") from None
        except WrongState:
            return

    # ------------------------------------------------------------------------------------ what users do

    async def post_to(self, user: User, wanted: WebhookWanted) -> tuple[User, str | None]:
        """Remember where the user's events are to be posted; gives also the secret, if one was made for it.

        Only public addresses are taken. A secret that the user has stays, unless another is given.
        """
        url, given = wanted.webhook_url, wanted.webhook_secret
        if url is None:
            if given is not None:
                raise Invalid("`webhook_secret` needs a `webhook_url`: null switches the webhook off")
            return await self._post_to(user, lambda _: (None, None)), None
        try:
            await self._guard.check_resolved(url)
        except UnsafeUrl as error:
            raise Invalid(f"`webhook_url` can't be used: {error}") from None
        made = self._make_secret()
        changed = await self._post_to(user, lambda now: (url, given or now.webhook_secret or made))
        return changed, made if changed.webhook_secret == made else None

    async def new_webhook_secret(self, user: User) -> str:
        """Give the user's webhook another secret, from the next try on; it is shown this once."""
        made = self._make_secret()
        changed = await self._post_to(user, lambda now: (now.webhook_url, made if now.webhook_url else None))
        if changed.webhook_url is None:
            raise Conflict("you have no webhook: set its URL by PUT /user/webhook first")
        return made

    async def _post_to(self, user: User, decide: Callable[[User], tuple[str | None, str | None]]) -> User:
        """Change a webhook's URL and secret together, by what they are at that instant."""
        for _ in range(MOST_TRIES):
            now = await self.get(user.id)
            url, secret = decide(now)
            if (url, secret) == (now.webhook_url, now.webhook_secret):
                return now
            try:
                return await self._store.acting(f"user:{user.id}").apply(
                    User.post_to(now, webhook_url=url, webhook_secret=secret)
                )
            except (Stale, WrongState):
                continue
        raise Conflict("your settings are being changed by others: try again")


def digest(key: str) -> bytes:
    """Give what is kept of a key."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()
