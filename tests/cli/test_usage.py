"""What holds for every command: where options stand, exit codes, one line for each error, the page of the docs."""

import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenure.cli.application import COMMANDS, GROUPS, app
from tenure.cli.groups import names_of
from tenure.cli.session import KINDS_OF_SERVICES
from tenure.web.services import kinds_of_services

ROOT = Path(__file__).parents[2]
Tenure = Any


def test_help_names_every_command(bare: Tenure) -> None:
    result = bare("--help")
    assert result.code == 0
    assert all(name in result.out for name in [*COMMANDS, *GROUPS])
    assert "Exit codes: 0 ok" in result.out


def test_the_kinds_of_all_services_are_known() -> None:
    assert {*KINDS_OF_SERVICES} == {*kinds_of_services()}


def test_version_is_told(bare: Tenure) -> None:
    assert bare("--version").out == "0.1.0\n"


@pytest.mark.parametrize(
    "command", [name for one in (*(app[name] for name in COMMANDS), *GROUPS.values()) for name in names_of(one)]
)
def test_each_command_has_help(bare: Tenure, command: str) -> None:
    result = bare(*command.split(), "--help")
    assert result.code == 0
    assert f"Usage: tenure {command}" in result.out


@pytest.mark.parametrize(
    "arguments",
    [("frobnicate",), ("list",), ("list", "Bot", "--frobnicate"), ("list", "Bot", "--limit", "many"), ("serve", "tea")],
)
def test_wrong_usage_is_one_line_and_code_2(bare: Tenure, arguments: tuple[str, ...]) -> None:
    result = bare(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("tenure: ")
    assert result.err.count("\n") == 1


def test_what_nothing_takes_is_named(bare: Tenure) -> None:
    result = bare("sweep", "now", "please")
    assert result.code == 2
    assert result.err.startswith("tenure: this command does not take 'now', 'please' (`tenure --help`")


@pytest.mark.parametrize("key", ["short", "sixteen letters and a space", "schlüssel-schlüssel"])
def test_an_admin_key_that_is_easily_guessed_or_fits_no_header_starts_no_server(
    bare: Tenure, folder: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TENURE_ADMIN_KEY", key)
    result = bare("up", "--port", "0", "--store", "postgresql://127.0.0.1:1/none")
    assert result.code == 1
    assert result.err == "tenure: TENURE_ADMIN_KEY must be 16 or more printable characters without spaces\n"
    assert not (folder / "tenure-data").exists()


def test_a_package_that_is_not_installed_is_named_with_what_to_install(folder: Path) -> None:
    program = "import sys; sys.modules['uvicorn'] = None; from tenure.cli.application import run; sys.exit(run(['up']))"
    made = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 1
    assert made.stderr == (
        "tenure: the package uvicorn is not installed: install Tenure with the extra that brings it, "
        "such as pip install '/path/to/tenure[web]'\n"
    )


@pytest.mark.parametrize("command", [("list", "Bot"), ("show", "Bot", "a"), ("watch",), ("sweep",), ("doctor",)])
def test_a_store_that_is_not_there_is_not_made(bare: Tenure, folder: Path, command: tuple[str, ...]) -> None:
    for place in ((), ("--store", f"sqlite://{folder}/absent.db")):
        result = bare(*command, *place)
        assert result.code == 4
        assert "start `tenure up`, or name one with --store" in result.err
    assert not list(folder.glob("*.db*"))


def test_a_file_that_is_no_store_is_unavailable(bare: Tenure, folder: Path) -> None:
    (folder / "note.txt").write_text("This is no database. " * 100)
    result = bare("list", "Bot", "--store", f"sqlite://{folder}/note.txt")
    assert result.code == 4
    assert result.err.count("\n") == 1


def test_a_url_without_an_engine_is_wrong_usage(bare: Tenure) -> None:
    result = bare("list", "Bot", "--store", "mysql://localhost/x")
    assert result.code == 2
    assert "names no engine" in result.err


def test_global_options_stand_anywhere(bare: Tenure, url: str) -> None:
    assert bare("--store", url, "--module", "kinds_of_a_test", "create", "Bot", "ada", "pool=eu").code == 0
    before = bare("--json", "--store", url, "show", "Bot", "ada")
    after = bare("show", "Bot", "ada", "--store", url, "--json")
    assert before == after


def test_the_store_comes_from_the_environment(bare: Tenure, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENURE_STORE", url)
    assert bare("create", "Bot", "ada", "pool=eu", "--module", "kinds_of_a_test").code == 0
    assert bare("show", "Bot", "ada").code == 0


def test_anothers_kind_by_the_name_of_a_services_own_is_left_alone(bare: Tenure, folder: Path, url: str) -> None:
    (folder / "users_of_a_test.py").write_text(
        "from tenure import Lifecycle, State, End\n"
        "class User(Lifecycle):\n    here = State(initial=True)\n    gone = End()\n    go = here.to(gone)\n"
    )
    assert bare("create", "User", "u", "--module", "users_of_a_test", "--store", url).code == 0
    assert bare("show", "User", "u", "--store", url, "--json").json["state"] == "here"
    assert bare("apply", "User", "u", "go", "--store", url).code == 2


def test_the_services_own_kinds_need_no_module(bare: Tenure, url: str) -> None:
    module = "tenure.services.meetings.lifecycle"
    assert bare("create", "User", "NEXT", "email=a@example.org", "--module", module, "--store", url).code == 0
    assert bare("apply", "User", "1", "delete", "--store", url).code == 0


def test_watch_resumes_after_a_cursor(tenure: Tenure) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    tenure("apply", "Bot", "ada", "enqueue")
    tenure("create", "Match", "m1", "first=a")
    first, second = tenure("watch", "--after", "0", "--limit", "2", "--json").lines
    assert (first["transition"], second["transition"]) == ("create", "enqueue")
    rest = tenure("watch", "--after", str(second["position"]), "--limit", "1", "--json").lines
    assert [e["kind"] for e in rest] == ["Match"]
    of_record = tenure("watch", "Bot", "ada", "--after", "1", "--limit", "1", "--json").lines
    assert [e["version"] for e in of_record] == [2]
    assert "idle → queued" in tenure("watch", "Bot", "--after", str(first["position"]), "--limit", "1").out
    assert tenure("watch", "Bet").code == 2


def test_watch_of_one_process_hears_another(tenure: Tenure, url: str, folder: Path) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    command = [sys.executable, "-m", "tenure.cli", "watch", "Bot", "ada", "--after", "1", "--limit", "1", "--json"]
    with subprocess.Popen([*command, "--store", url], cwd=folder, stdout=subprocess.PIPE, text=True) as watching:
        tenure("apply", "Bot", "ada", "enqueue", "--why", "now")
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["why"] == "now"
        assert watching.wait(60) == 0


def test_a_reader_that_goes_away_is_no_error(tenure: Tenure, url: str, folder: Path) -> None:
    tenure("create", "Bot", "ada", "pool=eu")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "tenure.cli", "show", "Bot", "ada", "--store", url]
    with os.fdopen(write, "wb") as out:
        ended = subprocess.run(command, cwd=folder, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 0
    assert ended.stderr == ""


def test_an_unexpected_error_is_one_line_too(bare: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.cli.checking.kinds_of", lambda _: 1 / 0)
    result = bare("check", "x")
    assert result.code == 1
    assert result.err == "tenure: ZeroDivisionError: division by zero (TENURE_TRACEBACK=1 shows where)\n"


def test_the_page_of_the_docs_says_what_the_commands_say() -> None:
    path = ROOT / "tools" / "cli_docs.py"
    spec = importlib.util.spec_from_file_location("cli_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "cli.md").read_text()
    assert module.updated(page) == page, "run `python tools/cli_docs.py`"


def test_help_is_quick_since_commands_load_when_called() -> None:
    code = "import sys; from tenure.cli.application import run; run(['--help']); print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(io.StringIO(out).getvalue().splitlines()[-1].split())
    assert not loaded & {"uvicorn", "starlette", "jinja2", "structlog", "prometheus_client"}
