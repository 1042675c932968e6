"""Imports go one way: cli, web -> services, migrations -> store -> core <- engines; servers know the core alone."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src"
# What a layer may import of tenure, besides its own package. Layers that stand nowhere here may import all.
ALLOWED = {
    "core": set[str](),
    "store": {"core"},
    "engines": {"core"},
    "servers": {"core"},
    "matching": {"face", "core", "store"},
    "pacing": {"face", "core", "store"},
    "http": {"face", "core", "store"},
    "pages": {"face", "core", "store", "http"},
    "webhooks": {"face", "core"},
    "services": {"face", "core", "store", "matching", "pacing", "http", "pages", "webhooks"},
    "migrations": {"face", "core", "store", "services"},
}
# Each package in these is on its own: one engine never imports another, nor one service another.
SEPARATE = {"engines", "services"}
COMPOSITION_ROOT = "tenure.opening"
OPTIONAL = {
    "aiodocker", "asyncpg", "coredis", "discord", "docker", "matplotlib", "openskill", "opentelemetry", "playwright",
    "psycopg", "redis",
}  # fmt: skip


class Import(NamedTuple):
    source: str
    target: str
    line: int
    in_function: bool
    runs: bool  # False under `if TYPE_CHECKING`


def module_names(root: Path) -> dict[str, Path]:
    """Return every module below `root` by its dotted name; a package goes by its own name."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in root.rglob("*.py")
    }


def imports(root: Path) -> Iterator[Import]:
    """Yield each import statement of each module, its target as exact as the modules below `root` allow."""
    modules = module_names(root)

    def visit(node: ast.AST, source: str, in_function: bool, runs: bool) -> Iterator[Import]:  # noqa: FBT001
        in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        runs &= not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            exact = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in modules else str(node.module) for name in exact]
        else:
            targets = []
        for target in targets:
            yield Import(source, target, node.lineno, in_function, runs)  # type: ignore[attr-defined]
        for child in ast.iter_child_nodes(node):
            yield from visit(child, source, in_function, runs)

    for name, path in modules.items():
        yield from visit(ast.parse(path.read_text()), name, in_function=False, runs=True)


def layer(module: str) -> tuple[str, str]:
    """Return the layer of a module of tenure, and the separate package in it, if it is in one."""
    _, first, second, *_ = [*module.split("."), "", ""]
    return first or "face", second if first in SEPARATE else ""


def complaints(root: Path) -> list[str]:
    """Return what is wrong with the imports below `root`, one line each; cycles first."""
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    for entry in imports(root):
        place = f"{entry.source}:{entry.line} imports {entry.target}"
        if entry.in_function and entry.source != COMPOSITION_ROOT and entry.target.split(".")[0] not in OPTIONAL:
            found.append(f"{place} inside a function")
        if entry.target.split(".")[0] != "tenure":
            continue
        here, there = layer(entry.source), layer(entry.target)
        if here[0] in ALLOWED and here != there and there[0] not in ALLOWED[here[0]]:
            found.append(f"{place}: {here[0]} may import only itself and {sorted(ALLOWED[here[0]])}")
        if entry.runs and not entry.in_function and entry.source != entry.target:
            graph.setdefault(entry.source, set()).add(entry.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        found.insert(0, f"import cycle: {' <- '.join(cycle.args[1])}")
    return found


def test_imports_go_one_way() -> None:
    assert complaints(SOURCE) == []


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("core/a.py", "from tenure.store import b", "core may import only"),
        ("core/a.py", "def f():\n    import json", "inside a function"),
        ("core/a.py", "from tenure.core import b", "import cycle"),
        ("store/a.py", "import tenure.engines.x", "store may import only"),
        ("engines/x/a.py", "from tenure.engines.y import b", "engines may import only"),
        ("engines/x/a.py", "from tenure.store.b import c", "engines may import only"),
        ("servers/a.py", "from tenure.engines.y import b", "servers may import only"),
        ("servers/a.py", "from tenure.store import b", "servers may import only"),
        ("services/x/a.py", "from tenure.services.y.b import c", "services may import only"),
        ("services/x/a.py", "from tenure.engines.y import b", "services may import only"),
        ("migrations/a.py", "from tenure.engines.y import b", "migrations may import only"),
    ],
)
def test_a_planted_wrong_import_is_found(tmp_path: Path, module: str, line: str, complaint: str) -> None:
    for name, text in {"core/b.py": "import tenure.core.a", module: line}.items():
        path = tmp_path / "tenure" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert any(complaint in line for line in complaints(tmp_path))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("services/x/a.py", "import tenure\nfrom tenure.store import b\nfrom tenure.services.x import c"),
        ("cli/a.py", "from tenure.engines.x import b"),
        ("engines/x/a.py", "from tenure.core import b\ndef f():\n    import redis"),
        ("opening.py", "def f():\n    from tenure.engines.x import b"),
    ],
)
def test_a_right_import_is_left_alone(tmp_path: Path, module: str, line: str) -> None:
    path = tmp_path / "tenure" / module
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert complaints(tmp_path) == []
