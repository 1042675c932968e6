"""How tests run: `async def` ones too, each on a loop of its own that must hold no task at its end."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import hypothesis
import pytest
from tests.counting import pytest_sessionfinish, pytest_terminal_summary
from tests.places import numbered_databases, place_of, postgres, schemas, valkey

# Hooks and fixtures that pytest finds by their names here.
__all__ = [
    "numbered_databases", "place_of", "postgres", "pytest_sessionfinish", "pytest_terminal_summary", "schemas",
    "valkey",
]  # fmt: skip

AsyncTest = Callable[..., Coroutine[Any, Any, None]]

# How fast this machine draws and runs an example says nothing of ours.
_SAME = hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name())
hypothesis.settings.register_profile(
    "unhurried", _SAME, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


def _run(test: AsyncTest) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def body() -> None:
            await test(*args, **kwargs)
            # Only after a test that passed: a failure's own message matters more than what it left behind.
            leaked = asyncio.all_tasks() - {asyncio.current_task()}
            assert not leaked, f"the test leaves tasks running; await or cancel and await them: {leaked}"

        asyncio.run(body())

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make each coroutine test a plain one; Hypothesis keeps the coroutine inside its own wrapper."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if inspect.iscoroutinefunction(item.obj):
            item.obj = _run(item.obj)
        elif inspect.iscoroutinefunction(inner := getattr(getattr(item.obj, "hypothesis", None), "inner_test", None)):
            item.obj.hypothesis.inner_test = _run(inner)
