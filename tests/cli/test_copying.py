"""`tenure copy` and `tenure unseal`: what they print and leave, and how they end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Tenure
from tests.places import KEPT, SQLITE, reachable_folder

import tenure as library

SERVERS = [engine for engine in KEPT if engine != SQLITE]


@pytest.fixture
def filled(tenure: Tenure) -> Tenure:
    """A store with two records."""
    tenure("create", "Bot", "ada", "pool=eu")
    tenure("apply", "Bot", "ada", "enqueue", "--op", "first")
    tenure("create", "Match", "m", "first=ada")
    return tenure


@pytest.fixture
def there(folder: Path) -> str:
    return f"sqlite://{folder}/there.db"


@pytest.fixture
def data() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made / "data"


def test_a_copy_says_what_it_copied_and_seals_the_source(filled: Tenure, bare: Tenure, url: str, there: str) -> None:
    result = filled("copy", url, there)
    assert (result.code, result.err) == (0, "")
    assert "the space 'main' is copied, and every index of the copy is right" in result.out
    assert url in result.out
    assert there in result.out
    found = bare("show", "Bot", "ada", "--store", there, "--module", "kinds_of_a_test", "--json").json
    assert (found["state"], found["version"]) == ("queued", 2)
    assert [event["transition"] for event in bare("history", "Bot", "ada", "--store", there, "--json").lines] == [
        "create",
        "enqueue",
    ]
    refused = filled("apply", "Bot", "ada", "withdraw")
    assert refused.code == 4
    assert f"this space is sealed: it was moved to {there}" in refused.err
    assert filled("show", "Bot", "ada").code == 0, "it may still be read"
    assert bare("doctor", "--store", there, "--module", "kinds_of_a_test").code == 0


def test_as_json_it_gives_numbers_and_digests(filled: Tenure, url: str, there: str) -> None:
    told = filled("copy", url, there, "--json").json
    assert {name: told[name] for name in ("space", "from", "to", "sealed")} == {
        "space": "main", "from": url, "to": there, "sealed": True,
    }  # fmt: skip
    assert told["numbers"]["Bot records"] == 1
    assert told["numbers"]["Bot events"] == 2
    assert told["numbers"]["op ids"] == 1
    assert set(told["digests"]) == set(told["numbers"])
    assert len(told["digests"]["Bot records"]) == 32


def test_unseal_is_the_way_back(filled: Tenure, bare: Tenure, url: str, there: str) -> None:
    filled("copy", url, there)
    result = bare("unseal", "--store", url)
    assert f"the space 'main' may be written again; it was sealed: it was moved to {there}" in result.out
    assert filled("apply", "Bot", "ada", "withdraw").code == 0
    assert "was not sealed" in bare("unseal", "--store", url).out
    assert bare("unseal", "--store", url, "--json").json == {"space": "main", "sealed": None}


def test_left_open_the_source_goes_on(filled: Tenure, url: str, there: str) -> None:
    assert filled("copy", url, there, "--leave-open", "--json").json["sealed"] is False
    assert filled("apply", "Bot", "ada", "withdraw").code == 0


def test_a_target_with_something_in_it_is_refused(filled: Tenure, bare: Tenure, url: str, there: str) -> None:
    bare("create", "Match", "theirs", "first=bob", "--store", there, "--module", "kinds_of_a_test")
    result = filled("copy", url, there)
    assert result.code == 1
    assert f"the space 'main' of {there} is not empty, it has " in result.err
    assert filled("apply", "Bot", "ada", "withdraw").code == 0, "the source is not sealed"


def test_a_source_at_work_is_refused(filled: Tenure, url: str, there: str) -> None:
    async def copy_while_it_is_swept() -> tuple[int, str]:
        async with library.open(url) as store:
            alive_for = library.minutes(1)  # without a gap, however slow the machine is
            await store.sweep(alive_for)
            copying = asyncio.create_task(asyncio.to_thread(filled, "copy", url, there))
            while not copying.done():
                alive_for *= 3  # a sign of life is written where the last one lasts for less than half of it
                await store.sweep(alive_for)
                await asyncio.wait([copying], timeout=2)
            return copying.result().code, copying.result().err

    code, err = asyncio.run(copy_while_it_is_swept())
    assert code == 1
    assert f"a program is at work in the space 'main' of {url}: end `tenure up`" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("URL", "URL"), 2, "source and target are the same store"),
        (("sqlite:///nowhere/at/all.db", "URL"), 4, "there is no store at /nowhere/at/all.db"),
        (("oracle://here", "URL"), 2, "'oracle' names no engine"),
        (("URL", "THERE", "--space", "other"), 1, "has no space 'other'; it has main"),
    ],
)
def test_wrong_places_are_told(
    filled: Tenure, url: str, there: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = filled("copy", *({"URL": url, "THERE": there}.get(a, a) for a in arguments))
    assert (result.code, said in result.err) == (code, True), result.err


@pytest.mark.parametrize("engine", SERVERS)
def test_there_and_back_between_engines_of_the_data_folder(
    filled: Tenure, bare: Tenure, url: str, data: Path, engine: str
) -> None:
    out = filled("copy", url, engine, "--data", str(data), "--json")
    assert out.code == 0, out.err
    assert out.json["to"] == str(data / engine)
    back = bare("copy", engine, "sqlite", "--data", str(data), "--json")
    assert back.code == 0, back.err
    assert back.json["numbers"] == out.json["numbers"]
    assert back.json["digests"] == out.json["digests"]
    found = bare("show", "Bot", "ada", "--data", str(data), "--module", "kinds_of_a_test", "--json").json
    assert (found["state"], found["version"]) == ("queued", 2)
