"""Every known trap has a test: `tests/traps.toml` names it, and the one-line mutation that turns it red."""

import ast
import tomllib
from pathlib import Path
from typing import TypedDict

import pytest

ROOT = Path(__file__).parents[2]


class Trap(TypedDict):
    id: str
    tests: list[str]
    mutation: str


TABLE = tomllib.loads((ROOT / "tests" / "traps.toml").read_text())
REQUIRED = {f"{page}-{number}": text for page, texts in TABLE["required"].items() for number, text in texts.items()}
TRAPS: list[Trap] = TABLE.get("trap", [])


def exists(node_id: str) -> bool:
    """Tell whether `tests/file.py::test_name` or `tests/file.py::Class::test_name` is written in that file.

    A parameter in brackets is not looked at: only running the test can tell whether it exists.
    """
    file, *names = node_id.split("[", maxsplit=1)[0].split("::")
    path = ROOT / file
    if not names or not names[-1].startswith("test") or not path.is_file():
        return False
    body: list[ast.stmt] = ast.parse(path.read_text()).body
    for name in names:
        found = [
            node
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


@pytest.mark.parametrize("required", REQUIRED)
def test_a_required_trap_has_a_test(required: str) -> None:
    entries = [trap for trap in TRAPS if trap["id"] == required]
    assert len(entries) == 1, f"tests/traps.toml needs one [[trap]] with id = {required!r}: {REQUIRED[required]}"
    assert entries[0]["tests"], f"{required} names no test"


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap["id"])
def test_what_the_table_names_exists(trap: Trap) -> None:
    assert trap["id"] in REQUIRED, "its id is not among the required ones; add its text there first"
    assert trap["mutation"].strip(), "say which one line, changed, turns the tests red"
    assert [node_id for node_id in trap["tests"] if not exists(node_id)] == []


def test_a_test_that_does_not_exist_is_noticed() -> None:
    here = "tests/repository/test_traps.py"
    assert exists(f"{here}::test_a_test_that_does_not_exist_is_noticed")
    assert exists(f"{here}::test_a_required_trap_has_a_test[meetings-1]")
    assert not exists(f"{here}::test_that_nobody_wrote")
    assert not exists(f"{here}::exists")
    assert not exists(here)
    assert not exists("tests/absent.py::test_it")
