"""Make `.venv` what the requirements say: `python3 tools/set_up.py run|development|benchmarks`.

Needs only the standard library of Python 3.11 or newer. A finished set-up leaves a stamp, the digest of all
that it depends on, so that the next call costs one digest. A `.venv` without any stamp was left half-made:
it is removed and made anew, which is safer than guessing what it lacks.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# A virtual environment points at its interpreter and its place by absolute path: another one of either needs another.
BASE = f"{ROOT} {sys.version}".replace("\n", " ")
# The others hold all that run.txt holds, with the same pins, so each set-up serves `make run`, and one beside another
# changes nothing of it.
SUFFICIENT = {
    "run": ("run", "development", "benchmarks"),
    "development": ("development",),
    "benchmarks": ("benchmarks",),
}


def wanted_stamp(name: str) -> str:
    """Return the stamp of a finished set-up `name`: a line for its base, and a digest of what is installed on it."""
    inputs = [ROOT / "pyproject.toml", *(ROOT / "requirements" / f"{part}.txt" for part in ("build", name))]
    content = b"\0".join(path.read_bytes() for path in inputs)
    return f"{BASE}\n{hashlib.sha256(content).hexdigest()}"


def stamp(name: str) -> Path:
    """Return the file that holds the stamp of the set-up `name`."""
    return VENV / f"set-up-{name}"


def found_stamp(name: str) -> str:
    """Return the stamp that was left by the set-up `name`, or nothing if it never ended or its interpreter is gone."""
    return stamp(name).read_text() if PYTHON.exists() and stamp(name).is_file() else ""


def pip(*arguments: str) -> None:
    """Run pip of the virtual environment; only its errors are shown."""
    subprocess.run([PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments], check=True)


def set_up(name: str) -> None:
    """Install the requirements `name` with their hashes, then the project itself as an editable install.

    Other set-ups that are up to date stay so. No stamp is there meanwhile: what is interrupted counts as half-made.
    """
    if not any(found_stamp(done).startswith(f"{BASE}\n") for done in SUFFICIENT):
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    finished = [name, *(other for other in SUFFICIENT if other != name and found_stamp(other) == wanted_stamp(other))]
    for old in SUFFICIENT:
        stamp(old).unlink(missing_ok=True)
    for part in ("build", name):
        pip("--require-hashes", "--requirement", str(ROOT / "requirements" / f"{part}.txt"))
    pip("--no-build-isolation", "--no-deps", "--editable", str(ROOT))
    for done in finished:
        stamp(done).write_text(wanted_stamp(done))


def wait_for_turn() -> object:
    """Hold a lock file until this process ends, so that two calls at once do not install into one another."""
    if os.name == "nt":
        return None
    import fcntl  # noqa: PLC0415  absent on Windows

    lock = (ROOT / ".venv.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def main() -> int:
    """Set up what the first argument names, unless that is done already."""
    if sys.version_info < (3, 11):  # noqa: UP036  whoever runs this may have an older one
        found = sys.version.split()[0]
        print(f"tenure needs Python 3.11 or newer, this is {found}: try `make PYTHON=python3.11`")
        return 1
    name = sys.argv[1]
    turn = wait_for_turn()
    try:
        if not any(found_stamp(done) == wanted_stamp(done) for done in SUFFICIENT[name]):
            # A running development set-up must not lose its tools because `make run` found it out of date.
            wanted = "development" if name == "run" and stamp("development").is_file() else name
            print(f"setting up .venv for {wanted} (once, under a minute on a fast network) ...", flush=True)
            set_up(wanted)
    except subprocess.CalledProcessError as error:
        print(f"set-up failed: {' '.join(map(str, error.cmd))}; mend the cause above and run make again")
        return 1
    finally:
        del turn
    return 0


if __name__ == "__main__":
    sys.exit(main())
