"""check: lint a lifecycle, and compare it with what a store has."""

from pathlib import Path
from typing import Any

import pytest

Tenure = Any

BASE = """
from tenure import End, Lifecycle, Limit, State, field, seconds

class Door(Lifecycle):
    colour: str = field(default="red")
    note: str | None = None
    open = State(initial=True)
    ajar = State()
    shut = End()
    lean = open.to(ajar)
    close = (open | ajar).to(shut, after=seconds(9))
"""


@pytest.fixture
def doors(folder: Path) -> Any:
    def write(name: str, *changes: tuple[str, str]) -> str:
        text = BASE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (folder / f"{name}_of_a_test.py").write_text(text)
        return f"{name}_of_a_test"

    return write


def test_a_sound_lifecycle_is_shown(bare: Tenure) -> None:
    result = bare("check", "kinds_of_a_test:Bot")
    assert result.code == 0
    for text in ("no fault found", "ordered by rating", "abandon 30 s after the holder's last beat", "ready"):
        assert text in result.out
    assert bare("check", "kinds_of_a_test", "--json").lines[0]["table"]["kind"] == "Match"


def test_a_wrong_lifecycle_fails_and_says_how_to_mend_it(bare: Tenure, doors: Any) -> None:
    result = bare("check", doors("wrong", ("    lean = open.to(ajar)\n", "")))
    assert result.code == 1
    assert "Door.ajar: it can never be reached: lead a transition to it, or remove it" in result.err


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere_at_all", "there is no module 'nowhere_at_all'"),
        ("kinds_of_a_test:Bet", "no lifecycle 'Bet'; it has Match, Spark, Bot"),
        ("json", "json defines no lifecycle"),
        ("", "the empty name can't be imported"),
    ],
)
def test_a_place_without_a_lifecycle_is_wrong_usage(bare: Tenure, place: str, says: str) -> None:
    result = bare("check", place)
    assert result.code == 2
    assert says in result.err


@pytest.mark.parametrize(
    ("change", "compatible", "says"),
    [
        (("    note:", "    size: int = 3\n    note:"), True, "is new"),
        (("    shut = End()", "    shut = End()\n    away = End()\n    go = open.to(away)"), True, "is new"),
        (("seconds(9)", "seconds(8)"), True, "has other deadlines"),
        (('field(default="red")', "field(default=1)"), True, None),
        (("colour: str", "colour: int"), False, "was str and is int"),
        (("    ajar = State()", "    agape = State(was='ajar')"), True, None),
        (("ajar", "agape"), False, "is gone, and records may be in it"),
        (("    lean =", "    one = Limit(at_most=1, per=colour, over=open)\n    lean ="), False, "is new"),
        (("    note: str | None = None", "    note: str | None = field(default=None)"), False, "engines see it"),
        (('    colour: str = field(default="red")\n', ""), True, "no longer declared"),
    ],
)
def test_a_declaration_is_compared_with_the_stores(
    bare: Tenure,
    doors: Any,
    url: str,
    change: tuple[str, str],
    compatible: bool,  # noqa: FBT001  a parameter of the table above
    says: str | None,
) -> None:
    assert bare("create", "Door", "d", "--module", doors("first"), "--store", url).code == 0
    changes = [change, ("open.to(ajar)", "open.to(agape)"), ("open | ajar", "open | agape")]
    second = doors("second", *(changes if "was=" in change[1] else [change]))
    result = bare("check", second, "--against", url, "--json")
    assert result.json["compatible"] is compatible
    assert result.code == (0 if compatible else 1)
    if says is not None:
        assert any(says in found["message"] for found in result.json["changes"])
        assert says in bare("check", second, "--against", url).out


def test_checking_declares_nothing(bare: Tenure, doors: Any, url: str) -> None:
    bare("create", "Door", "d", "--module", doors("first"), "--store", url)
    second = doors("second", ("    note:", "    size: int = 3\n    note:"))
    for _ in range(2):
        assert len(bare("check", second, "--against", url, "--json").json["changes"]) == 1


def test_a_kind_that_the_store_has_not_is_compatible(bare: Tenure, doors: Any, url: str) -> None:
    bare("create", "Door", "d", "--module", doors("first"), "--store", url)
    result = bare("check", "kinds_of_a_test:Bot", "--against", url, "--json").json
    assert (result["stored"], result["compatible"]) == (False, True)
