"""What the global options say: which store, which space, which kinds, and how to print."""

from __future__ import annotations

import getpass
import importlib
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import tenure
from tenure.cli import own_store
from tenure.cli.output import Output
from tenure.core.comparing import is_compatible
from tenure.core.errors import Unavailable
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.core.states import StateOf
from tenure.services.battles import kinds as battles
from tenure.services.bots import kinds as bots
from tenure.services.games import kinds as games
from tenure.services.meetings import kinds as meetings
from tenure.services.trivia import kinds as trivia
from tenure.store.store import Store
from tenure.web.reading import Reader
from tenure.web.settings import data_folder

K = TypeVar("K", bound=Lifecycle)
KINDS_OF_SERVICES: tuple[type[Lifecycle], ...] = (
    *meetings.kinds, *bots.kinds, *trivia.kinds, *battles.kinds, *games.kinds,
)  # fmt: skip


class UsageError(tenure.TenureError):
    """The command was called wrongly; the message says how to call it."""


def wanted_state(named: str | None, states: Mapping[str, StateOf[K]], live: StateOf[K], of: str) -> StateOf[K]:
    """Give the state that `--state` names; without one, all that are live. Raises `UsageError`."""
    if named is not None and named not in states:
        raise UsageError(f"{named!r} is no state of {of}: take one of {', '.join(states)}")
    return live if named is None else states[named]


class Failed(Exception):  # noqa: N818  the command's own outcome, already printed
    """The command did its work, and what it found is no success."""


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the command line."""

    store_option: str | None
    space: str
    modules: Sequence[str]
    data_option: Path | None
    output: Output

    @property
    def data(self) -> Path:
        """The data folder."""
        return data_folder(self.data_option, os.environ)

    @property
    def given_url(self) -> str | None:
        """The store's URL as told, or that of TENURE_STORE."""
        return self.store_option or os.environ.get("TENURE_STORE") or None

    @property
    def url(self) -> str:
        """The store's URL: the one that is given, else that of the data folder's own store."""
        return self.given_url or own_store.url_of(self.data)

    @property
    def actor(self) -> str:
        """Who makes changes from here."""
        try:
            return f"cli:{getpass.getuser()}"
        except (OSError, KeyError):  # a user id without a name
            return f"cli:{os.getuid()}"

    @asynccontextmanager
    async def store(self, *, may_create: bool = False) -> AsyncIterator[Store]:
        """Open the store with the kinds of `--module`, and those of the services that it has."""
        if not may_create:
            check_exists(self.url)
        own = load_kinds(self.modules)
        async with tenure.open(self.url, *own, space=self.space, actor=self.actor) as store:
            services = await _kinds_of_services(store, {kind.__name__ for kind in own})
            if not services:
                yield store
                return
        async with tenure.open(self.url, *own, *services, space=self.space, actor=self.actor) as store:
            yield store

    @asynccontextmanager
    async def store_of(self, kinds: Sequence[type[Lifecycle]], *, may_create: bool = False) -> AsyncIterator[Store]:
        """Open the store with the kinds of one service, whether or not it has them already."""
        if not may_create:
            check_exists(self.url)
        async with tenure.open(self.url, *kinds, space=self.space, actor=self.actor) as store:
            yield store

    @asynccontextmanager
    async def reader(self, *, may_create: bool = False) -> AsyncIterator[Reader]:
        """Open the store for reading, also of the kinds that only it knows."""
        async with self.store(may_create=may_create) as store:
            yield await Reader.open(store)

    async def check_space(self, store: Store) -> None:
        """Raise `UsageError` if nobody has written to the space, but somebody has to another."""
        known = await store.engine.spaces()
        if known and self.space not in known:
            raise UsageError(f"the store has no space {self.space!r}; it has {', '.join(known)}: pass one with --space")


async def _kinds_of_services(store: Store, own: set[str]) -> list[type[Lifecycle]]:
    """Choose the services' kinds that this store really has: another program may use their names for its own."""
    declared = await store.engine.declarations()
    found = {
        kind.__name__: kind
        for kind in KINDS_OF_SERVICES
        if kind.__name__ not in own
        and kind.__name__ in declared
        and is_compatible(declared[kind.__name__], table_of(kind))
    }
    # A kind that has its parents elsewhere is not the service's, whatever else it looks like.
    while strays := [name for name, kind in found.items() if not {up for _, up in table_of(kind).parents} <= {*found}]:
        for name in strays:
            del found[name]
    return list(found.values())


def check_exists(url: str) -> None:
    """Raise `Unavailable` if the URL names a file that is not there: reading makes no new store."""
    scheme, _, place = url.partition(":")
    path = place.removeprefix("//").partition("?")[0]
    if scheme == "sqlite" and path not in ("", "/") and not Path(path).exists():
        raise Unavailable(f"there is no store at {path}: start `tenure up`, or name one with --store or TENURE_STORE")


# ------------------------------------------------------------------------------------ kinds of one's own


def load_kinds(modules: Iterable[str]) -> list[type[Lifecycle]]:
    """Import the kinds that `--module` names; later ones replace earlier ones of the same name."""
    found: dict[str, type[Lifecycle]] = {}
    for module in modules:
        found.update({kind.__name__: kind for kind in kinds_of(module)})
    return list(found.values())


def kinds_of(place: str) -> list[type[Lifecycle]]:
    """Import MODULE:CLASS, or all kinds that MODULE defines (its `kinds`, if it has such a list)."""
    name, _, wanted = place.partition(":")
    module = _import(name)
    if wanted:
        kind = getattr(module, wanted, None)
        if not (isinstance(kind, type) and issubclass(kind, Lifecycle)):
            raise UsageError(f"{name} has no lifecycle {wanted!r}; it has {_names(_defined(module))}")
        return [kind]
    kinds = [*getattr(module, "kinds", _defined(module))]
    if not kinds:
        raise UsageError(f"{name} defines no lifecycle: a kind is a class that derives from tenure.Lifecycle")
    return kinds


def _import(name: str) -> ModuleType:
    folder = os.getcwd()  # noqa: PTH109  sys.path holds strings
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if error.name is not None and name.startswith(error.name):
            raise UsageError(
                f"there is no module {name!r} here: give its dotted name, from the folder it is in"
            ) from None
        raise UsageError(f"{name} can't be imported: {error}") from error
    except (ValueError, SyntaxError) as error:
        raise UsageError(f"{name or 'the empty name'} can't be imported: {error}") from error


def _defined(module: ModuleType) -> list[type[Lifecycle]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Lifecycle)]
    return [kind for kind in found if kind.__module__ == module.__name__]


def _names(kinds: Iterable[type[Lifecycle]]) -> str:
    return ", ".join(kind.__name__ for kind in kinds) or "none"
