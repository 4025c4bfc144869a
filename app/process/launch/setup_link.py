"""Print the link that makes the first administrator (`python -m app.process.launch.setup_link`)."""

from __future__ import annotations

import os
import sys

from app import create_app
from app.process.launch.demo import run_command
from app.process.launch.join import settings_for_command


def main() -> int:
    """Print the link, and return the exit code."""
    run_command(create_app(settings_for_command(os.environ)), "users", "setup-link")
    return 0


if __name__ == "__main__":
    sys.exit(main())
