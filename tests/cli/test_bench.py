"""`tenure bench`: what it prints. How fast anything is, no test can say."""

from pathlib import Path

import pytest
from tests.cli.conftest import Tenure

FIGURES = {
    "ops_per_s", "p50_ms", "p99_ms", "raw_ops_per_s", "naive_ops_per_s", "ratio_raw", "ratio_naive",
    "changes_per_batch", "client_cpu_us", "server_cpu_us",
}  # fmt: skip
SHORT = ("--rounds", "2", "--seconds", "0.05")


def test_transitions_are_measured_and_told_as_json(bare: Tenure) -> None:
    done = bare("bench", "transitions", "--engine", "sqlite", *SHORT, "--json")
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert {"engine", "durability", "raw", "naive", "versions", "machine", "move", "full"} <= set(found)
    assert found["machine"]["fsync_ms"] > 0
    for name in ("move", "full"):
        figures = found[name]
        assert set(figures) >= FIGURES
        assert all(figures[key] > 0 for key in FIGURES - {"server_cpu_us"})
        assert figures["p50_ms"] <= figures["p99_ms"]
        assert figures["changes_per_batch"] <= 512
        spread = figures["spread"]
        assert all(lowest <= figures[key] <= highest for key, (lowest, highest) in spread.items())
        # The median of two is their mean, so the ratio of medians is not the median of ratios, but lies between them.
        assert spread["ratio_raw"][0] <= figures["ops_per_s"] / figures["raw_ops_per_s"] * 1.01
        assert spread["ratio_raw"][1] >= figures["ops_per_s"] / figures["raw_ops_per_s"] * 0.99


def test_people_get_a_table_and_nothing_is_left_of_the_measurement(bare: Tenure, folder: Path) -> None:
    within = folder / "disk"
    within.mkdir()
    done = bare("bench", "--rounds", "1", "--seconds", "0.05", "--folder", str(within))
    assert done.code == 0
    for told in ("512 callers", "move", "full", "per its statements alone", "synchronous=FULL", "fsync"):
        assert told in done.out
    assert list(within.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--rounds", "0"), "must be more than zero"),
        (("--seconds", "0"), "must be more than zero"),
        (("--folder", "nowhere"), "is no folder"),
        (("--engine", "oracle"), "oracle"),
    ],
)
def test_a_wrong_option_is_told(bare: Tenure, options: tuple[str, ...], told: str) -> None:
    done = bare("bench", *options)
    assert done.code == 2
    assert told in done.err
