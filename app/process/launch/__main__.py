"""Command line of `python -m app.process.launch`: run everything (`make run`), `reset`, or `migration NAME`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from app.config import SettingError, load_settings
from app.process.launch.console import Console
from app.process.launch.migration import BadName, write_migration
from app.process.launch.nursery import Nursery
from app.process.launch.reset import NotOnlyADemo, note_purpose, reset_demo
from app.process.launch.servers import InUse, ServerError
from app.process.launch.supervisor import Supervisor, UnableToStart

USAGE = "usage: python -m app.process.launch [reset | migration NAME]"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code. If the command is refused, print one line on stderr and return 2."""
    try:
        match list(arguments):
            case []:
                return _run()
            case ["reset"]:
                return _reset()
            case ["migration", name]:
                print(f"wrote {write_migration(name)}")
                return 0
    except InUse as error:
        return _refuse(f"DATA_DIR: {error}; stop it, or name another DATA_DIR")
    except (SettingError, ServerError, UnableToStart, NotOnlyADemo, BadName) as error:
        return _refuse(str(error))
    return _refuse(USAGE)


def _run() -> int:
    # Not joined to a run that is just ending: its servers are about to go.
    settings = load_settings(os.environ, join=False)
    # First of all: before there is a thread, a lock or a connection that its children would have as well.
    nursery = Nursery()
    supervisor = Supervisor(settings, os.environ, Console(), nursery)
    note_purpose(settings)
    return supervisor.run()


def _reset() -> int:
    settings = load_settings(os.environ, join=False)
    reset_demo(settings)
    print(f"forgot the demo in {settings.data_dir}; `make run` makes it anew")
    return 0


def _refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
