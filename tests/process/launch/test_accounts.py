"""The user of the servers is made once, however many processes start at the same moment on a new machine."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.process.launch.servers.accounts import find_or_create

USERADD = """#!/bin/sh
mkdir "{folder}/busy" || echo "two at once" >> "{folder}/told"
awk 'BEGIN {{ while (n < 100000) n++ }}'
rmdir "{folder}/busy"
echo asked >> "{folder}/told"
"""


def test_nobody_makes_the_user_while_somebody_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call opens the lock anew, so that threads stand for processes here."""
    program = tmp_path / "useradd"
    program.write_text(USERADD.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with ThreadPoolExecutor(6) as askers:
        assert list(askers.map(find_or_create, ["nobody-has-this"] * 6)) == [None] * 6
    assert (tmp_path / "told").read_text().split("\n") == ["asked"] * 6 + [""]
