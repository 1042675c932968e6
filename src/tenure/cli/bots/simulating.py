"""The command `bots simulate`: arrivals replayed by our matcher and by other rules, side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tenure.cli.looking import InSession
from tenure.cli.output import Output
from tenure.cli.session import UsageError
from tenure.matching.entrants import Rules
from tenure.matching.quality import Spread
from tenure.matching.simulation import plotting
from tenure.matching.simulation.arrivals import Arrival, BadTrace, Day, read_trace
from tenure.matching.simulation.beside import Plan, Run, side_by_side
from tenure.matching.simulation.running import Outcome, StandIns

MOST_ARRIVALS = 100_000_000
MOST_WIDTH = 100.0


def simulate(
    trace: Path | None = None,
    /,
    *,
    arrivals_per_day: int | None = None,
    seed: int = 1,
    hours: float = 24.0,
    patience_seconds: float = 300.0,
    parties: float = 0.0,
    stand_ins: int = 20,
    game_seconds: float = 300.0,
    rules: str = "{}",
    widths: str = "1",
    only: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = (),
    jobs: int | None = None,
    plot: Path | None = None,
    session: InSession,
) -> None:
    """Replay arrivals by our matcher and by other rules, and compare gaps and waits. It needs no store.

    Parameters
    ----------
    trace
        Who came when: CSV with the columns time, player, rating, patience and maybe party, or a JSON object a line.
        Without it a day is generated.
    arrivals_per_day
        How many arrivals the generated day has. [default: 100000]
    seed
        Another seed gives another day; the same one the same.
    hours
        How much of the generated day is played.
    patience_seconds
        How long somebody waits at most, on average.
    parties
        The share of arrivals that are parties, where teams play.
    stand_ins
        How many bots fill in for who finds nobody.
    game_seconds
        How long a bot that fills in is away.
    rules
        The rules of the pool, as JSON or as a file with JSON, such as '{"tolerance": 30, "team_size": 5}'.
    widths
        Play all once for each of these factors of the tolerance, such as 0.25,0.5,1,2: what each rule trades.
    only
        Only this rule of matching: tenure, greedy, waves, neighbours; for teams tenure, in-turn. Several may be given.
    jobs
        How many are played at a time. [default: as many as there are processors]
    plot
        Draw wait against gap into this file: .svg, .png or .pdf.
    """
    plan = Plan(
        arrivals=_arrivals(trace, arrivals_per_day, _rules(rules), seed, hours, patience_seconds, parties),
        rules=_rules(rules),
        stand_ins=_stand_ins(stand_ins, game_seconds),
    )
    runs = [Run(name, width) for width in _widths(widths) for name in _names(only, plan)]
    if plot is not None:
        _check_plot(plot)
    if jobs is not None and jobs < 1:
        raise UsageError("--jobs is at least 1")
    outcomes = _played(runs, plan, jobs or os.cpu_count() or 1, session.output)
    if plot is not None:
        plotting.draw(outcomes, plot)
    if session.output.as_json:
        told = {"rules": plan.rules, "arrivals": plan.arrivals if isinstance(plan.arrivals, Day) else str(trace)}
        session.output.json({**told, "stand_ins": plan.stand_ins, "outcomes": outcomes})
    else:
        _print(session.output, outcomes)


def _played(runs: Sequence[Run], plan: Plan, jobs: int, output: Output) -> list[Outcome]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    silent = output.as_json or not output.console.is_terminal
    with Progress(*columns, console=output.console, transient=True, disable=silent) as progress:
        tasks = [progress.add_task(f"{run.name} × {run.width:g}", total=max(plan.seconds, 1.0)) for run in runs]

        def tell(reached: Sequence[float]) -> None:
            for task, seconds in zip(tasks, reached, strict=True):
                progress.update(task, completed=seconds)

        return side_by_side(runs, plan, jobs=jobs, cpu=time.process_time, tell=tell)


# --------------------------------------------------------------------------------------------- what is given


def _rules(given: str) -> Rules:
    text = given
    if not given.lstrip().startswith("{"):
        try:
            text = Path(given).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--rules is JSON, or a file with JSON: {error}") from None
    try:
        rules = msgspec.json.decode(text, type=Rules)
    except msgspec.DecodeError as error:
        raise UsageError(f"--rules: {error}") from None
    if rules.teams < 2 or rules.team_size < 1:  # noqa: PLR2004  nobody plays alone
        raise UsageError("--rules: a match has at least 2 teams of at least 1")
    return rules


def _arrivals(
    trace: Path | None,
    per_day: int | None,
    rules: Rules,
    seed: int,
    hours: float,
    patience_seconds: float,
    parties: float,
) -> Day | list[Arrival]:
    if trace is None:
        return _day(100_000 if per_day is None else per_day, rules, seed, hours, patience_seconds, parties)
    if per_day is not None:
        raise UsageError("give a trace, or --arrivals-per-day for a day that is generated: not both")
    try:
        with trace.open(encoding="utf-8") as lines:
            return read_trace(lines, party_of_at_most=rules.team_size)
    except BadTrace as error:
        raise UsageError(f"{trace}: {error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{trace} is no text in UTF-8") from None


def _day(per_day: int, rules: Rules, seed: int, hours: float, patience_seconds: float, parties: float) -> Day:
    if not 0 < per_day <= MOST_ARRIVALS:
        raise UsageError(f"--arrivals-per-day is between 1 and {MOST_ARRIVALS:,}")
    if not (0 < hours <= 24 and patience_seconds > 0 and 0 <= parties <= 1):  # noqa: PLR2004  a day
        raise UsageError("--hours is at most 24, --patience-seconds is more than 0, --parties a share of at most 1")
    return Day(
        arrivals_per_day=per_day,
        seed=seed,
        hours=hours,
        mean_patience=patience_seconds,
        parties=parties,
        team_size=rules.team_size,
    )


def _check_plot(plot: Path) -> None:
    try:
        plotting.check(plot)
    except plotting.NoPlot as error:
        raise UsageError(f"--plot: {error}") from None


def _stand_ins(number: int, game_seconds: float) -> StandIns:
    if number < 0 or game_seconds <= 0:
        raise UsageError("--stand-ins is no less than 0, and --game-seconds more than 0")
    return StandIns(number=number, game_seconds=game_seconds)


def _widths(given: str) -> list[float]:
    try:
        widths = [float(part) for part in given.split(",")]
    except ValueError:
        widths = []
    if not widths or not all(0 < width <= MOST_WIDTH for width in widths):
        raise UsageError(f"--widths {given!r} are factors above 0, such as 0.5,1,2")
    return [*dict.fromkeys(widths)]


def _names(only: Sequence[str], plan: Plan) -> list[str]:
    names = [name.replace("-", " ") for name in only] or [*plan.known]
    unknown = [name for name in names if name not in plan.known]
    if unknown:
        known = ", ".join(name.replace(" ", "-") for name in plan.known)
        raise UsageError(f"--only {unknown[0]}: there is {known} for these rules")
    return [*dict.fromkeys(names)]


# --------------------------------------------------------------------------------------------- what is printed


def _print(output: Output, outcomes: Sequence[Outcome]) -> None:
    output.say(f"{outcomes[0].arrived:,} arrivals; gaps in points, waits in seconds", "bold")
    output.table(
        (
            "rule", "width", "matches", "abandoned", "waiting", "by stand-ins", "gap p50", "p90", "p99",
            "apart p90", "wait p50", "p90", "p99", "left lying", "regret", "CPU s",
        ),
        [_row(outcome) for outcome in outcomes],
    )  # fmt: skip
    width = min((outcome.width for outcome in outcomes), key=lambda width: abs(width - 1))
    first = [outcome for outcome in outcomes if outcome.width == width]
    tenths = max((outcome.deciles for outcome in first), key=len)
    output.say("")
    output.say("waits p50 / p99 by tenths of the ratings", "bold")
    output.table(
        ("ratings", *(outcome.rule for outcome in first)),
        [
            (f"{tenth.lowest:.0f} – {tenth.highest:.0f}", *(_waits(outcome, place) for outcome in first))
            for place, tenth in enumerate(tenths)
        ],
    )


def _row(outcome: Outcome) -> tuple[object, ...]:
    regret: Any = None
    if outcome.regret is not None:
        regret = f"{outcome.regret.people} people, {outcome.regret.gap - outcome.regret.gap_exactly:.1f} points"
    return (
        outcome.rule,
        f"{outcome.width:g}",
        f"{outcome.matches:,}",
        f"{outcome.abandoned:,}",
        outcome.waiting,
        f"{outcome.stand_ins:,}",
        *_shown(outcome.gap),
        _shown(outcome.apart)[1],
        *_shown(outcome.wait),
        f"{outcome.left_lying:.2f}",
        regret,
        f"{outcome.cpu_seconds:.1f}",
    )


def _shown(spread: Spread) -> list[str | None]:
    return [None if value is None else f"{value:.1f}" for value in (spread.p50, spread.p90, spread.p99)]


def _waits(outcome: Outcome, place: int) -> str | None:
    if place >= len(outcome.deciles):
        return None
    p50, _, p99 = _shown(outcome.deciles[place].wait)
    return f"{p50} / {p99}"
