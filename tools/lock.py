"""Pin the requirements anew, with hashes, for every platform: `python3 tools/lock.py`.

The inputs are the dependencies, extras and groups of `pyproject.toml`, so nothing is listed twice. uv does
the work, from a scratch environment, because it resolves for all platforms at once and writes no address.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
OPTIONS += ["--no-emit-index-url", "--quiet"]
EXTRAS = ("battles", "bench", "bots", "browser", "cli", "matching", "plots", "postgres", "servers")
EXTRAS += ("trivia", "valkey", "web")
PROJECT = ["pyproject.toml", *(argument for extra in EXTRAS for argument in ("--extra", extra))]
# Development comes first and constrains the others: a pin is the same in every file that has it.
DEVELOPMENT = "requirements/development.txt"
FILES = {
    DEVELOPMENT: [*PROJECT, "--group", "development"],
    "requirements/run.txt": [*PROJECT, "--constraint", DEVELOPMENT],
    # What a bot in a container needs, and no more: images/meetings-bot.
    "requirements/bot.txt": ["pyproject.toml", "--extra", "browser", "--extra", "web", "--constraint", DEVELOPMENT],
    "requirements/benchmarks.txt": [*PROJECT, "--group", "benchmarks", "--constraint", DEVELOPMENT],
    "requirements/build.txt": ["--group", "build", "--constraint", DEVELOPMENT],
}


def main() -> None:
    """Write the requirements files; arguments such as `--upgrade` go to uv."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        tools = Path(scratch) / "bin"
        subprocess.run([tools / "pip", "install", "-qq", "uv"], check=True)
        for output, inputs in FILES.items():
            inputs_and_output = [*inputs, "--output-file", output, *sys.argv[1:]]
            subprocess.run([tools / "uv", "pip", "compile", *OPTIONS, *inputs_and_output], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
