"""Log lines: the store's own fields, one JSON object each, and no secret in any."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tenure.store.logging import Log
from tenure.web import logs


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    before = root.handlers[:], root.level, uvicorn.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    uvicorn.setLevel(before[2])
    structlog.reset_defaults()


def set_up() -> None:
    logs.set_up(as_json=True, level="info", secrets=["s3cret", ""])


def test_a_line_of_the_store_keeps_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    Log(logging.getLogger("tenure")).warning("sweep_failed", space="main", tries=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["space"], line["tries"], line["level"]) == ("sweep_failed", "main", 3, "warning")


def test_a_secret_is_hidden_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    log = Log(logging.getLogger("tenure"))
    log.info("asked", path="/x?key=s3cret", headers={"a": ["s3cret"]}, error=ValueError("s3cret"))
    logging.getLogger("else").warning("it was %s", "s3cret")
    try:
        int("s3cret")
    except ValueError:
        logging.getLogger("else").exception("failed")
    err = capsys.readouterr().err
    assert "s3cret" not in err
    assert err.count(logs.HIDDEN) >= 5


def test_less_important_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    logging.getLogger("tenure").debug("detail")
    assert capsys.readouterr().err == ""


def test_a_line_of_a_library_that_uses_structlog_is_written_alike(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    structlog.get_logger("library").warning("retry", key="s3cret")
    structlog.get_logger("library").debug("detail")
    written = capsys.readouterr()
    line = json.loads(written.err)
    assert (line["event"], line["level"], line["key"], written.out) == ("retry", "warning", logs.HIDDEN, "")
