"""Counts the contract's tests by engine, prints the numbers, and in CI fails where an engine has fewer or skips one."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pytest
from tests.places import ENGINES, KEPT, versions

CONTRACT = "tests/engine_contract/"
ENGINE = re.compile(rf"[\[-]({'|'.join(ENGINES)})[-\]]")


def by_test(names: Iterable[str]) -> Mapping[str, Counter[str]]:
    """Count how often each test of the contract ran for each engine."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        engine = ENGINE.search(name)
        if name.startswith(CONTRACT) and engine is not None:
            counts[name.partition("[")[0]][engine[1]] += 1
    return counts


def totals(names: Iterable[str]) -> Counter[str]:
    """Count the contract's tests of each engine."""
    return sum(by_test(names).values(), Counter(dict.fromkeys(ENGINES, 0)))


def complaints(ran: Iterable[str], skipped: Iterable[str]) -> list[str]:
    """Say which tests did not run for each engine as often. Those of kept stores have no store in memory."""
    found = [f"{name} was skipped" for name in skipped if name.startswith(CONTRACT)]
    for name, counts in by_test(ran).items():
        wanted = max(counts.values())
        asked = KEPT if not set(counts) - set(KEPT) else ENGINES
        found += [f"{name} ran {counts[e]} times for {e}, and {wanted} for others" for e in asked if counts[e] < wanted]
    return found


def _names(config: pytest.Config, *outcomes: str) -> set[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = [report for outcome in outcomes for report in (reporter.stats.get(outcome, []) if reporter else [])]
    return {report.nodeid for report in reports if isinstance(report, pytest.TestReport)}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run of CI whose engines were not tested alike."""
    ran, skipped = _names(session.config, "passed", "failed"), _names(session.config, "skipped")
    if exitstatus == pytest.ExitCode.OK and os.environ.get("CI") and complaints(ran, skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how many tests of the contract each engine had."""
    ran, skipped = _names(config, "passed", "failed"), _names(config, "skipped")
    counts = totals(ran)
    if not counts.total():
        return
    terminalreporter.section("engine contract")
    terminalreporter.line(", ".join(f"{engine}: {counts[engine]}" for engine in ENGINES))
    for engine, version in versions().items():
        terminalreporter.line(f"{engine} is {version}")
    for complaint in complaints(ran, skipped) if os.environ.get("CI") else []:
        terminalreporter.line(complaint, red=True)
