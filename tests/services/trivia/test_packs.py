"""Packs: what may stand in them, and what is told of one that can't be read."""

import json
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.services.trivia.questions import reading
from tenure.services.trivia.questions.packs import MOST_TOLD, Pack, Packs, WrongPacks, check, read_packs
from tenure.services.trivia.questions.question import NoQuestion
from tenure.services.trivia.questions.reading import MOST_OF_A_FILE, Unreadable, read
from tenure.services.trivia.questions.sources import Sources

GOOD = """\
category: Cheese & Wine
questions:
- question: Which country does Gouda come from?
  correct: Netherlands
  wrong: [Norway, France]
  difficulty: easy
- question: Is Brie made of milk?
  correct: yes
  wrong:
  - no
  category: dairy
  difficulty: hard
  explanation: Of cows' milk, mostly.
"""
HEAD = "category: c\ndifficulty: easy\nquestions:\n"


def written(folder: Path, **files: str | bytes) -> Path:
    """Write files; `a__b_yaml` is `a/b.yaml`."""
    for name, content in files.items():
        path = folder / (name.replace("__", "/")[::-1].replace("_", ".", 1)[::-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def faults(folder: Path) -> list[str]:
    return [str(fault) for fault in check(folder).faults]


# -------------------------------------------------------------------------------------------- good ones


def test_a_pack_is_a_file(tmp_path: Path) -> None:
    (pack,) = read_packs(written(tmp_path, cheese_yaml=GOOD))
    first, second = pack.entries
    assert (pack.name, pack.categories) == ("cheese", ["cheese-wine", "dairy"])
    assert (first.source, first.text, first.right) == ("cheese", "Which country does Gouda come from?", "Netherlands")
    assert (first.wrong, first.difficulty, first.explanation) == (("Norway", "France"), "easy", None)
    # YAML takes yes and no for truths; here they are what is written.
    assert (second.right, second.wrong, second.explanation) == ("yes", ("no",), "Of cows' milk, mostly.")


def test_a_pack_is_a_folder_of_files(tmp_path: Path) -> None:
    other = GOOD.replace("Gouda", "Edam").replace("Brie", "Feta")
    written(tmp_path, cheese__soft_yml=GOOD, cheese__hard_yaml=other, wine_yaml=GOOD, README_md="# Ours")
    assert [(pack.name, len(pack.entries)) for pack in read_packs(tmp_path)] == [("cheese", 4), ("wine", 2)]


def test_json_says_the_same_as_yaml(tmp_path: Path) -> None:
    plain = {
        "difficulty": "easy",
        "category": "c",
        "questions": [
            {"question": 'Say "é" 😀\tor \\?', "correct": 1969, "wrong": [1.50, True, "a/b"]},
            {"question": "2?", "correct": "yes", "wrong": ["no"], "explanation": "{[,:]}"},
        ],
    }
    told = json.dumps(plain, indent=2).replace("1.5", "1.50").replace("\\t", " ").replace("a/b", "a\\/b")
    written(tmp_path, a_json=told, b_yaml=told.replace("\\/", "/").replace("\\ud83d\\ude00", "😀"))
    a, b = read_packs(tmp_path)
    assert [entry.key for entry in a.entries] == [entry.key for entry in b.entries]
    assert [entry.wrong for entry in a.entries] == [entry.wrong for entry in b.entries]
    assert (a.entries[0].right, a.entries[0].wrong[:2]) == ("1969", ("1.50", "true"))


def test_a_mark_of_the_byte_order_is_no_matter(tmp_path: Path) -> None:
    written(tmp_path, a_yaml=b"\xef\xbb\xbf" + GOOD.encode().replace(b"\n", b"\r\n"))
    assert faults(tmp_path) == []


async def test_choices_come_in_an_order_by_chance_and_the_right_one_stays_right(tmp_path: Path) -> None:
    (entries,) = (pack.entries for pack in read_packs(written(tmp_path, cheese_yaml=GOOD)))
    pack = Pack("cheese", entries, chance=random.Random(3))  # noqa: S311  a run comes again as it was
    orders = set()
    for _ in range(50):
        gouda, brie = sorted(await pack.some(None, None, 1), key=lambda each: each.difficulty)
        orders.add(gouda.choices)
        assert gouda.choices[gouda.correct] == "Netherlands"
        assert (brie.choices, brie.right, brie.letters) == (("yes", "no"), "A", "AB")
    assert len(orders) == 6


async def test_a_pack_gives_what_fits(tmp_path: Path) -> None:
    (pack,) = read_packs(written(tmp_path, cheese_yaml=GOOD))
    assert [each.category for each in await pack.some("dairy", None, 1)] == ["dairy"]
    assert [each.category for each in await pack.some(None, "easy", 1)] == ["cheese-wine"]
    with pytest.raises(NoQuestion, match="the pack cheese has no easy dairy question"):
        await pack.some("dairy", "easy", 1)


def test_a_key_knows_a_question_in_whatever_pack_and_order(tmp_path: Path) -> None:
    other = "category: other\nquestions:\n- {question: ' Which country  does gouda come from?', correct: netherlands,"
    written(tmp_path, a_yaml=GOOD, b_yaml=other + " wrong: [Spain], difficulty: hard}")
    a, b = read_packs(tmp_path)
    assert a.entries[0].key == b.entries[0].key != a.entries[1].key


# -------------------------------------------------------------------------------------------- malformed ones


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: it is empty; a pack has `questions`"),
        ("# nothing\n", "1: it is empty"),
        ("just words", "1: a pack begins with `questions:`"),
        ("- a\n- b", "1: a pack begins with `questions:`"),
        ("category: c\n", "1: `questions` must be a list of one or more"),
        ("category: c\nquestions: []\n", "2: `questions` must be a list of one or more"),
        ("category: c\nquestions: some\n", "2: `questions` must be a list of one or more"),
        ("a: b\nquestions:\n- {}", "1: there is no field 'a' here; the fields are category, difficulty, questions"),
        ("questions: [\nfoo: bar", "2: this is no YAML: while parsing a flow sequence, begun in line 1, did not find"),
        ("a: 'b\n\n", "2: this is no YAML: while scanning a quoted scalar, begun in line 1, found"),
        ("%YAML 9.9\n---\na: b", "1: this is no YAML: found incompatible YAML document"),
        ("a: b\n---\nc: d\n", "2: another document begins here"),
        ("a: &x 1\nb: *x\n", "2: `*x` stands for something else"),
        ("&a [*a]", "1: `*a` stands for something else"),
        ("a:\n- b\n- c\x00d\n", "3: there is a control character, '\\x00'"),
        ("ääää: b\n\nc: \x9f", "3: there is a control character"),
        ("a: b\n" + "[" * 5000, "2: "),
        ("[" * 5_000_000, "1: it is nested too deeply"),
        ("- " * 400_000 + "x", "1: it is nested too deeply"),
        (b"a: b\nc: \xff\n", "2: it is not UTF-8 from here on"),
        (HEAD + "- words\n", "4: a question has the fields question, correct, wrong"),
        (HEAD + "- question: x?\n", "4: the question has no `correct`"),
        (HEAD + "- question: x?\n", "4: the question has no `wrong`"),
        (HEAD + "- {question: x?, correct: a, wrong: [b],\n   answer: b}", "5: there is no field 'answer' here"),
        (HEAD + "- {question: x?, correct: a, wrong: [b], [1]: b}", "4: there is no field None here"),
        (HEAD + "- question: x?\n  correct: a\n  correct: b\n  wrong: [c]", "6: `correct` stands there twice"),
        (HEAD + "- question: [x]\n  correct: a\n  wrong: [b]", "4: `question` must be a text"),
        (HEAD + "- question: x?\n  correct: {a: b}\n  wrong: [b]", "5: `correct` must be a text"),
        (HEAD + "- question: x?\n  correct:\n  wrong: [b]", "5: `correct`: it is empty; write a text"),
        (HEAD + "- question: x?\n  correct: a\n  wrong: b", "6: `wrong` must be a list of texts"),
        (HEAD + "- question: x?\n  correct: a\n  wrong: [[b]]", "6: `wrong` must be a list of texts"),
        (
            HEAD + "- question: x?\n  correct: a\n  wrong: []",
            "6: `wrong`: a question has 1 to 3 wrong choices; here are 0",
        ),
        (HEAD + "- question: x?\n  correct: a\n  wrong: [b, c, d, e]", "6: `wrong`: a question has 1 to 3"),
        (HEAD + "- question: x?\n  correct: a\n  wrong:\n  - b\n  - a", "8: `wrong`: 'a' is the right choice"),
        (HEAD + "- question: x?\n  correct: a\n  wrong:\n  - b\n  - b", "8: `wrong`: 'b' stands there twice"),
        (HEAD + "- question: x?\n  correct: a\n  wrong: [b,\n    null]", "7: `wrong`: it is empty"),
        (HEAD + f"- question: {'x' * 501}\n  correct: a\n  wrong: [b]", "4: `question`: it has 501 characters; 500"),
        (HEAD + f"- question: x\n  correct: {'a' * 201}\n  wrong: [b]", "5: `correct`: it has 201 characters; 200"),
        (HEAD + f"- question: x\n  correct: a\n  wrong: [{'b' * 201}]", "6: `wrong`: it has 201 characters; 200"),
        (HEAD + "- {question: x, correct: a, wrong: [b], explanation: " + "e" * 1001 + "}", "4: `explanation`: it has"),
        (HEAD + '- {question: "a\\tb", correct: a, wrong: [b]}', "4: `question`: it has a control character"),
        (
            HEAD + "- {question: x, correct: a, wrong: [b], difficulty: harder}",
            "4: `difficulty`: 'harder' is none; it is",
        ),
        (HEAD + "- {question: x, correct: a, wrong: [b], category: a/b}", "4: `category`: a category is made of"),
        (HEAD + f"- {{question: x, correct: a, wrong: [b], category: {'c' * 41}}}", "4: `category`: a category is"),
        ("questions:\n- {question: x, correct: a, wrong: [b], difficulty: easy}", "2: the question has no `category`"),
        ("category: c\nquestions:\n- {question: x, correct: a, wrong: [b]}", "3: the question has no `difficulty`"),
        (HEAD + "- {question: x, correct: a, wrong: [b]}\n" * 2, "5: the same question stands at p.yaml:4; take one"),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_what_is_wrong_is_told_by_file_line_and_reason(tmp_path: Path, text: str | bytes, told: str) -> None:
    found = faults(written(tmp_path, p_yaml=text))
    assert any(fault.startswith(f"p.yaml:{told}") for fault in found), found
    with pytest.raises(WrongPacks, match=r"^p\.yaml:"):
        read_packs(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: this is no JSON"),
        ('{\n"a": 1,\n}', "3: this is no JSON"),
        ('{"a":\n NaN}', "1: there is no field 'a' here"),
        ('{"questions":\n [1,\n 2]}', "3: a question has the fields"),
        ('{"category": "c", "difficulty": "easy", "questions": [{"question": "\\ud800",\n"correct": 1, "wrong": [2]}]}',
         "1: `question`: it has a control character"),
        ('{"category": "\\udc00",\n"questions": [{}]}', "1: `category`: a category is made of"),
        ('{"questions": [{"question": "a",\n"question": "b"}]}', "2: `question` stands there twice"),
        ('{"questions": ' + "9" * 6000 + "}", "1: `questions` must be a list"),
        ("[" * 100_000, "1: it is nested too deeply"),
        ("[" * 900 + "]" * 900, "1: "),
    ],
    ids=lambda value: repr(value[:60]),
)  # fmt: skip
def test_what_is_wrong_in_json_is_told_alike(tmp_path: Path, text: str, told: str) -> None:
    found = faults(written(tmp_path, p_json=text))
    assert any(fault.startswith(f"p.json:{told}") for fault in found), found


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    bad = HEAD + "".join(f"- {{question: {each}?, correct: a, wrong: [a]}}\n" for each in range(30))
    written(tmp_path, a__one_yaml=bad, a__two_yaml="", good_yaml=GOOD)
    found = check(tmp_path)
    assert len(found.faults) == 31
    assert [len(pack.entries) for pack in found.packs] == [0, 2]
    assert str(found.faults[0]).startswith("a/one.yaml:4: ")
    with pytest.raises(WrongPacks) as error:
        read_packs(tmp_path)
    assert len(str(error.value).splitlines()) == MOST_TOLD + 1
    assert str(error.value).endswith("and 11 more")


def test_a_question_that_is_twice_in_a_packs_files_is_told(tmp_path: Path) -> None:
    written(tmp_path, a__one_yaml=GOOD, a__two_yaml=GOOD)
    assert faults(tmp_path)[0] == "a/two.yaml:3: the same question stands at a/one.yaml:3; take one of them out"


def test_names_of_packs_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path, builtin_yaml=GOOD, opentdb__a_yaml=GOOD, two_yaml=GOOD, two_yml=GOOD)
    (tmp_path / "a b.yaml").write_text(GOOD)
    told = faults(tmp_path)
    assert [fault.split(":")[0] for fault in told] == ["a b.yaml", "builtin.yaml", "opentdb", "two.yml"]
    assert "the name of a source that comes along" in told[1]
    assert "two.yaml is a pack of the same name" in told[3]


def test_a_folder_without_packs_is_told(tmp_path: Path) -> None:
    written(tmp_path, README_md="#", _hidden_yaml=GOOD, empty__README_md="#")
    (tmp_path / "_hidden.yaml").rename(tmp_path / ".hidden.yaml")
    assert "there is no pack in it; a pack is a file .yaml, .yml, .json" in faults(tmp_path)[0]
    assert "can't be read: No such file" in faults(tmp_path / "absent")[0]
    assert "can't be read: Not a directory" in faults(written(tmp_path, a_yaml=GOOD) / "a.yaml")[0]


def test_a_file_that_is_too_large_or_cannot_be_read_is_told(tmp_path: Path) -> None:
    written(tmp_path, large_yaml=b"#" * (MOST_OF_A_FILE + 1))
    (tmp_path / "link.yaml").symlink_to(tmp_path / "absent")
    assert [fault.split(";")[0] for fault in faults(tmp_path)] == [
        "large.yaml:1: it is larger than 8 MB",
        "link.yaml:1: it can't be read: No such file or directory",
    ]


def test_the_reader_without_c_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, a_yaml=GOOD) / "a.yaml"
    fast = read(path)
    monkeypatch.setattr(reading, "Loader", yaml.SafeLoader)
    assert read(path) == fast
    path.write_text("a: [b\nc: d")
    with pytest.raises(Unreadable) as error:
        read(path)
    assert error.value.line == 2


PIECES = st.sampled_from(
    ["questions:", "- ", "question: ", "correct: ", "wrong: ", "[", "]", "{", "}", ",", "\n", "  ", "a", '"', "'",
     "é", ": ", "*a", "&a ", "!!int ", "null", "---", "#", "\\u", "\t", "|", ">", "category: c\n", "difficulty: hard\n"]
)  # fmt: skip
CONTENTS = st.one_of(st.lists(PIECES, max_size=40).map("".join).map(str.encode), st.binary(max_size=60))


@settings(max_examples=150, deadline=None)
@given(content=CONTENTS, suffix=st.sampled_from(["yaml", "json"]))
def test_whatever_stands_in_a_file_is_a_pack_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("packs")
    (folder / f"p.{suffix}").write_bytes(content)
    found = check(folder)
    assert isinstance(found, Packs)
    assert found.faults or found.packs[0].entries
    lines = max(1, len(content.splitlines()), len(content.decode(errors="ignore").splitlines()))
    assert all(1 <= fault.line <= lines for fault in found.faults), (content, found.faults)


# -------------------------------------------------------------------------------------------- all together


async def test_sources_are_the_pack_that_comes_along_those_of_a_folder_and_the_web(tmp_path: Path) -> None:
    written(tmp_path, cheese_yaml=GOOD)
    async with Sources.read(tmp_path, "http://127.0.0.1:9") as sources:
        assert list(sources.by_name) == ["builtin", "cheese", "opentdb"]
    assert list(Sources.read(None).by_name) == ["builtin"]
    with pytest.raises(WrongPacks):
        Sources.read(tmp_path / "absent")
