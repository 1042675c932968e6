"""The engines are tested alike: the count of the contract's tests sees what is missing."""

from tests.counting import complaints, totals
from tests.places import ENGINES, KEPT

ALL = [f"tests/engine_contract/test_a.py::test_it[{engine}]" for engine in ENGINES]
OF_KEPT = [f"tests/engine_contract/test_a.py::test_kept[{engine}-why]" for engine in KEPT]


def test_engines_that_are_tested_alike_are_not_complained_of() -> None:
    assert complaints([*ALL, *OF_KEPT], []) == []
    assert totals([*ALL, *OF_KEPT])["sqlite in a file"] == 2


def test_a_missing_test_is_told() -> None:
    assert complaints(ALL[:-1], []) == [f"{ALL[0].partition('[')[0]} ran 0 times for {ENGINES[-1]}, and 1 for others"]
    assert complaints(OF_KEPT[1:], []) != [] or len(OF_KEPT) == 1


def test_a_skipped_test_is_told_and_those_of_other_folders_are_not_counted() -> None:
    assert complaints(ALL, ["tests/engine_contract/test_a.py::test_b", "tests/web/test_a.py::test_b"]) == [
        "tests/engine_contract/test_a.py::test_b was skipped"
    ]
    assert totals(["tests/web/test_a.py::test_b[valkey]"]).total() == 0
