"""Load the demo if it is not there yet and print how to sign in (`python -m app.process.launch.demo`).

Both are commands of the application (`flask demo load`, `flask demo signins`); a release without them has no demo to show.
"""

from __future__ import annotations

import os
import sys

import click
from flask import Flask
from flask.cli import ScriptInfo

from app import create_app
from app.config import SettingError
from app.process.launch.join import settings_for_command
from app.process.launch.parts import SIGNINS_FOLLOW


def main() -> int:
    """Load the demo and print its sign-ins; return the exit code."""
    try:
        app = create_app(settings_for_command(os.environ))
    except SettingError as error:
        print(error)
        return 2
    run_command(app, "demo", "load")
    print(SIGNINS_FOLLOW)
    run_command(app, "demo", "signins")
    return 0


def run_command(app: Flask, *words: str) -> None:
    """Run one of the application's commands in this process; print its error if there is no such command."""
    try:
        app.cli.main(args=list(words), prog_name="flask", obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)
    except click.UsageError as error:
        print(f"`flask {' '.join(words)}`: {error.format_message()}")


if __name__ == "__main__":
    sys.exit(main())
