"""The commands and the global options. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from tenure import __version__
from tenure.cli import battles, bots, games, trivia
from tenure.cli.output import Output
from tenure.cli.session import Failed, Session, UsageError
from tenure.core.errors import InvalidChange, OutcomeUnknown, Refused, TenureError, Unavailable
from tenure.http.rejections import Absent, Conflict, Invalid, NotNow, Rejected, TooMany
from tenure.web.reading import Unknown

OK, FAILED, USAGE, REFUSED, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130

COMMANDS = {
    "up": ("serving:up", "Run everything in one process: store, services, sweeper, HTTP API, dashboard."),
    "serve": ("serving:serve_app", "Run one service in one process, with its routes at /; or a stand-in."),
    "check": ("checking:check", "Lint a lifecycle and show its table; or compare it with what a store has."),
    "show": ("looking:show", "Show one record."),
    "list": ("looking:list_records", "List records: of a kind, of a state in its order, below a parent."),
    "history": ("looking:history", "Show a record's events: who, when, which transition, why."),
    "explain": ("looking:explain", "Explain why a record is in its state, and what may happen next; or why not."),
    "watch": ("looking:watch", "Print events as they come: of the space, of a kind, of a record."),
    "apply": ("changing:apply", "Make a transition of one record."),
    "create": ("changing:create", "Create a record."),
    "sweep": ("changing:sweep", "Make all transitions that are due, once."),
    "bench": ("benching:bench", "Measure how fast an engine is on this machine."),
    "copy": ("copying:copy", "Copy a space to another engine, whole, and prove the copy."),
    "unseal": ("copying:unseal", "Let a space be written again that a copy has sealed."),
    "doctor": ("changing:doctor", "Compare every index with the records; say what differs, and mend it if asked."),
}

GROUPS = {"bots": bots.app, "trivia": trivia.app, "battles": battles.app, "games": games.app}
"""The commands of a service, by its name."""

SUMMARY = "One authoritative record for every live thing, moved through its declared lifecycle atomically."

app = App(
    name="tenure",
    help=SUMMARY,
    help_epilogue="Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 refused by the store, 4 store unavailable.",
    help_format="plaintext",
    version=__version__,
)
for name, (place, summary) in COMMANDS.items():
    app.command(f"tenure.cli.{place}", name=name, help=summary)
for group in GROUPS.values():
    app.command(group)
app.meta.usage, app.meta.help = "Usage: tenure COMMAND [OPTIONS]", SUMMARY

GLOBAL = Group("Global options")


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    store: Annotated[str | None, Parameter(group=GLOBAL)] = None,
    space: Annotated[str, Parameter(group=GLOBAL)] = "main",
    module: Annotated[tuple[str, ...], Parameter(group=GLOBAL, negative=(), show_default=False)] = (),
    data: Annotated[Path | None, Parameter(group=GLOBAL)] = None,
    json: Annotated[bool, Parameter(group=GLOBAL, negative=(), show_default=False)] = False,
) -> None:
    """Find the command, and give it what the global options say.

    Parameters
    ----------
    store
        URL of the store, such as sqlite:///path/to/file.db; else TENURE_STORE, else the data folder's own.
    space
        The space to look at.
    module
        Your own kinds: MODULE or MODULE:CLASS. May be given several times.
    data
        The data folder, as `tenure up` uses it. [default: ./tenure-data]
    json
        Print JSON: one object, or one line for each thing.
    """
    command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False, help_on_error=False)
    session = Session(store, space, module, data, Output(as_json=json))
    wants_session = "session" in inspect.signature(command).parameters
    result: Any = command(*bound.args, **bound.kwargs, **({"session": session} if wants_session else {}))
    if inspect.iscoroutine(result):
        asyncio.run(result)


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code; what goes wrong becomes one line on stderr."""
    try:
        app.meta(
            list(arguments),
            exit_on_error=False,
            print_error=False,
            help_on_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if os.environ.get("TENURE_TRACEBACK"):
            raise
        return _fail(error)
    return OK


EXIT_CODES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((CycloptsError, UsageError, Unknown, InvalidChange, Absent, Invalid), USAGE),
    ((Refused, Conflict, TooMany), REFUSED),
    ((Unavailable, OutcomeUnknown, NotNow), UNAVAILABLE),
    ((Exception,), FAILED),
)


def _fail(error: Exception) -> int:
    message = " ".join(str(error).split())
    missing = "" if isinstance(error, TenureError) else _missing_package(error)
    if isinstance(error, UnusedCliTokensError):
        message = f"this command does not take {', '.join(map(repr, error.unused_tokens or ()))}"
    if missing:
        message = (
            f"the package {missing} is not installed: install Tenure with the extra that brings it, "
            f"such as pip install '/path/to/tenure[web]'"
        )
    elif isinstance(error, CycloptsError):
        message += " (`tenure --help` lists the commands, `tenure COMMAND --help` their options)"
    elif not isinstance(error, (TenureError, Rejected, Failed, OSError)):
        message = f"{type(error).__name__}: {message} (TENURE_TRACEBACK=1 shows where)"
    if message:
        print(f"tenure: {message}", file=sys.stderr)
    return next(code for kinds, code in EXIT_CODES if isinstance(error, kinds))


def _missing_package(error: BaseException | None) -> str:
    """Name the package of somebody else whose absence an error comes from; empty if it does from none."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("tenure"):
            return error.name.partition(".")[0]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ""
