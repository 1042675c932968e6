"""What a server shows of the calls that it gets is read exactly, whatever is in them."""

from __future__ import annotations

import os
import time

import pytest

from tenure.benchmarks.machine import cpu_seconds, summed_up
from tenure.benchmarks.postgres import Statement, lines_of, script_of, statements_of
from tenure.benchmarks.valkey import call_of
from tenure.benchmarks.workloads import RECORDS, Share


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (rb'+1700000000.123456 [3 127.0.0.1:5000] "FCALL" "f" "1" "k"', (3, (b"FCALL", b"f", b"1", b"k"))),
        (rb'+1.2 [0 [::1]:5] "SET" "a b" "\"\\\x00\xff\n\r\t\a\b[\x4"', None),
        (rb'+1.2 [0 127.0.0.1:5] "SET" "a b" "\"\\\x00\xff\n\r\t\a\b] [0 lua] \"q"',
         (0, (b"SET", b"a b", b'"\\\x00\xff\n\r\t\a\b] [0 lua] "q'))),
        (rb'+1.2 [0 127.0.0.1:5] "GET" ""', (0, (b"GET", b""))),
        (rb'+1.2 [0 lua] "HSET" "k" "v"', None),
        (b"+OK", None),
    ],
)  # fmt: skip
def test_a_line_of_monitor_gives_the_call_byte_for_byte(
    line: bytes, call: tuple[int, tuple[bytes, ...]] | None
) -> None:
    assert call_of(line) == call


def test_a_statement_of_the_log_keeps_its_values_as_they_are_quoted() -> None:
    detail = "Parameters: $1 = '{a,\"it''s, $9 = ''x''\"}', $2 = NULL, $3 = '', $4 = '7'"
    found = statements_of("execute __asyncpg_stmt_5__: SELECT\n  $1, $2;", detail)
    assert found == [Statement("SELECT\n  $1, $2", ["'{a,\"it''s, $9 = ''x''\"}'", "NULL", "''", "'7'"])]
    assert statements_of("statement: COMMIT;", "") == [Statement("COMMIT", None)]
    assert statements_of("statement: DISCARD PLANS; BEGIN;", "") == [
        Statement("DISCARD PLANS", None),
        Statement("BEGIN", None),
    ]
    assert statements_of("execute <unnamed>: SELECT 1", "") == [Statement("SELECT 1", None)]
    assert statements_of("duration: 1.2 ms", "") == []


def test_a_script_prepares_each_statement_once_and_runs_them_in_order() -> None:
    first, second = Statement("UPDATE a SET b = $1", ["'x'"]), Statement("DELETE FROM a WHERE b = $1", ["NULL"])
    script = list(script_of([(Statement("BEGIN", None), first, second), (first,)]))
    assert script == [
        "PREPARE replayed_0 AS DELETE FROM a WHERE b = $1",
        "PREPARE replayed_1 AS UPDATE a SET b = $1",
        "BEGIN",
        "EXECUTE replayed_1('x')",
        "EXECUTE replayed_0(NULL)",
        "EXECUTE replayed_1('x')",
    ]
    assert lines_of((Statement("COMMIT", None),), {}) == ["COMMIT"]


@pytest.mark.parametrize("of", [1, 4])
def test_callers_of_all_shares_have_all_records_and_no_two_the_same(of: int) -> None:
    callers = 32
    seen: list[int] = []
    for number in range(of):
        share = Share(callers, number, of)
        for caller in range(callers):
            own = share.records(caller, RECORDS)
            expected = len(range(number + of * caller, RECORDS, of * callers))
            found = [next(own) for _ in range(expected)]
            assert next(own) == found[0], "and then from the first one on again"
            seen += found
    assert sorted(seen) == list(range(RECORDS))


def test_what_a_process_costs_rises_with_its_work() -> None:
    before, began = cpu_seconds(os.getpid()), time.process_time()
    if before == 0:
        pytest.skip("this system tells nothing of processes")
    while time.process_time() - began < 0.1:
        pass
    assert 0.05 < cpu_seconds(os.getpid()) - before < 10


def test_figures_are_summed_up_with_their_spread() -> None:
    assert summed_up([{"a": 3.0}, {"a": 1.0}, {"a": 8.0}]) == {"a": {"median": 3.0, "lowest": 1.0, "highest": 8.0}}
