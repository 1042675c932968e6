"""The page of the benchmarks says what the results say."""

from benchmarks import page


def test_the_page_is_what_the_results_say() -> None:
    assert page.PAGE.read_text() == page.text(), "run `make bench BENCH=page`"
