"""The user of the servers is made once, however many processes start at the same moment on a new machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

USERADD = """#!/bin/sh
mkdir "{folder}/busy" || echo "two at once" >> "{folder}/told"
"{python}" -c pass
rmdir "{folder}/busy"
echo asked >> "{folder}/told"
"""
ASK = "import sys; from app.launch.servers.accounts import find_or_create; sys.stdin.read(); find_or_create('nobody-has-this')"


def test_two_processes_never_make_the_user_at_the_same_time(tmp_path: Path) -> None:
    program = tmp_path / "useradd"
    program.write_text(USERADD.format(folder=tmp_path, python=sys.executable))
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    askers = [subprocess.Popen([sys.executable, "-c", ASK], env=env, stdin=subprocess.PIPE) for _ in range(6)]
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.close()  # they go on together
    assert [asker.wait(60) for asker in askers] == [0] * 6
    assert (tmp_path / "told").read_text().split("\n") == ["asked"] * 6 + [""]
