"""`python -m tenure.services.meetings.bot`: attend the meeting that `BOT_CONFIG` names."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from tenure.services.meetings.bot.life import run
from tenure.services.meetings.bot.settings import read


def main() -> int:
    """Read the settings, live, and give the exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        # Taken out of the environment at once: nothing that the bot may start shall inherit its secret.
        settings = read(os.environ.pop("BOT_CONFIG"))
    except (KeyError, ValueError) as error:
        logging.getLogger("bot").error("BOT_CONFIG is missing or wrong: %s", error)  # noqa: TRY400  its traceback could show a value
        return 2
    logging.getLogger("bot").info("attending %s", settings.connection_id)
    return asyncio.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())
