"""The bench counts the memory of a process and of all below it."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from bench.__main__ import main
from bench.memory import held_by

# A process that holds 50 MiB of its own and shares 50 more with the child it forked.
HOLDS = """
import os, sys
shared = os.urandom(50 * 1024 * 1024)
if os.fork() == 0:
    own = os.urandom(50 * 1024 * 1024)
    print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_two_processes_share_is_counted_once() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        held = held_by(psutil.Process(process.pid))
        process.communicate()
    assert len(held) == 2
    assert 100 <= sum(each.pss_mib for each in held) < 140
    assert sum(each.own_mib >= 50 for each in held) == 1


def test_a_measurement_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "memory,speed"])
    with pytest.raises(SystemExit):
        main()
    assert "--only: speed is none of memory," in capsys.readouterr().err
