"""The commands about questions: packs, and where questions come from."""

from __future__ import annotations

from pathlib import Path

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, printable
from tenure.cli.session import Failed
from tenure.cli.trivia.acting import own_sources
from tenure.services.trivia.questions.packs import check


def check_folder(folder: Path, /, *, session: InSession) -> None:
    """Look at all packs of a folder, and tell everything that is wrong: by file, line and reason.

    Exit codes: 0 nothing is wrong, 1 something is.

    Parameters
    ----------
    folder
        The folder with the packs.
    """
    found = check(folder)
    if session.output.as_json:
        session.output.json_lines(found.faults)
    else:
        for fault in found.faults:
            print(printable(str(fault)))
        for pack in found.packs:
            print(f"{pack.name}: {len(pack.entries)} questions of {', '.join(pack.categories) or 'no category'}")
    if found.faults:
        number = len(found.faults)
        raise Failed(
            "one thing is wrong in these packs" if number == 1 else f"{number} things are wrong in these packs"
        )


def list_sources(*, session: InSession) -> None:
    """List the sources of questions, with their categories: the pack that comes along, and what the settings name.

    What the Open Trivia Database has is known to the server alone, which fetches it.
    """
    listed = own_sources().listed()
    if session.output.as_json:
        session.output.json_lines(listed)
        return
    rows = [
        {"source": source.name, "category": category, "questions": number if source.questions else None}
        for source in listed
        for category, number in source.categories.items()
    ]
    print_list(session.output, rows, ("source", "category", "questions"))
