"""A handful of kills; `make chaos` does a hundred."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.processes
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_over_a_few_kills(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    # A process of its own: the harness sets its environment and forks.
    command = [sys.executable, "-m", "chaos", "--kills", "3", "--seconds", "30", "--quiet", "400", "--json", str(result)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=850)
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(result.read_text())
    assert (told["lost"], told["doubled"], told["is_quiet"]) == (0, 0, True)
    assert told["kills"] > 0
    assert told["storage_faults"] > 0
    assert told["counts"]["customers' messages acknowledged"] > 0
