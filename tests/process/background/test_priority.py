"""Whoever works behind the web lowers its session too, where sessions share the processors; one that others lead is let be."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.process.background.priority import AUTOGROUP

TELL = f"print(os.nice(0), open({str(AUTOGROUP)!r}).read().split()[-1])"
pytestmark = pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system shares its processors by process alone")


def test_process_that_leads_its_session_lowers_both() -> None:
    assert run(f"stand_behind(5); {TELL}") == f"{os.nice(0) + 5} 5"


def test_session_that_others_lead_keeps_its_priority() -> None:
    assert run(f"pid = os.fork() or (stand_behind(5), os._exit(0)); os.waitpid(pid, 0); {TELL}") == f"{os.nice(0)} 0"


def test_no_steps_change_nothing() -> None:
    assert run(f"stand_behind(0); {TELL}") == f"{os.nice(0)} 0"


def run(code: str) -> str:
    """What a program prints that leads a session of its own."""
    program = f"import os\nfrom app.process.background.priority import stand_behind\n{code}"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, start_new_session=True, timeout=60
    )
    return found.stdout.strip()
