"""Docs that lie fail: the Python blocks of the README and of docs/ run, a page's in order and together."""

import ast
import asyncio
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.is_file()]
BLOCK = re.compile(r"^( *)```python[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
# The only way out, in the line above the block; without a reason it does not count.
NOT_RUN = re.compile(r"<!-- not run: \S.*-->\s*\Z")


def blocks(text: str) -> Iterator[str]:
    """Yield each block that is to run, pushed down to its own line so that a traceback points into the page."""
    for block in BLOCK.finditer(text):
        if NOT_RUN.search(text[: block.start()]):
            continue
        indent, code = block.groups()
        lines_above = text.count("\n", 0, block.start(2))
        yield "\n" * lines_above + re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)


async def run(text: str, page: str) -> ModuleType:
    """Run the blocks of one page on the running loop, so that what one block opens the next may use."""
    # A module of its own, since annotations of classes are looked up in the module that defines them.
    module = ModuleType("example_of_the_docs")
    sys.modules[module.__name__] = module
    try:
        for block in blocks(text):
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(block, page, "exec", flags=flags, dont_inherit=True)
            result = eval(code, module.__dict__)  # noqa: S307  the page is ours
            if inspect.iscoroutine(result):
                await result
    finally:
        del sys.modules[module.__name__]
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await run(page.read_text(), str(page))  # noqa: ASYNC240  nothing else runs yet


async def test_blocks_share_a_namespace_and_may_await() -> None:
    module = await run(
        "```python\nimport asyncio\nx = 1\n```\ntext\n```python\nawait asyncio.sleep(0)\nx += 1\n```", "page"
    )
    assert module.x == 2


async def test_a_failing_block_fails() -> None:
    with pytest.raises(NameError):
        await run("```python\nabsent\n```", "page")


async def test_only_a_block_marked_with_a_reason_is_left_out() -> None:
    await run("<!-- not run: needs a server -->\n```python\nabsent\n```", "page")
    with pytest.raises(NameError):
        await run("<!-- not run: -->\n```python\nabsent\n```", "page")
    with pytest.raises(NameError):
        await run("<!-- not run: needs a server -->\n```python\n1\n```\n```python\nabsent\n```", "page")


def test_tasks_that_a_block_leaves_are_seen() -> None:
    page = "```python\nimport asyncio\ntask = asyncio.create_task(asyncio.sleep(0))\n```"

    async def count() -> int:
        await run(page, "page")
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(count()) == 1
