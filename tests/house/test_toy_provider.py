"""A provider is one folder: added, it has page, door, poll, send, health, setting and simulator; taken away, nothing is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.process.launch.parts import ROOT

TOY = Path(__file__).with_name("toy")
LEFT_OUT = {".git", ".venv", "var", "test-results", "__pycache__"}


def tree(folder: Path, *, toy: bool) -> Path:
    """A tree of links to this one, but for the folder of providers, which has the toy as well."""
    app, providers = folder / "app", folder / "app" / "providers"
    providers.mkdir(parents=True)
    for into, source in ((folder, ROOT), (app, ROOT / "app"), (providers, ROOT / "app" / "providers")):
        for entry in source.iterdir():
            if entry.name not in LEFT_OUT and not (into / entry.name).exists():
                (into / entry.name).symlink_to(entry)
    if toy:
        shutil.copytree(TOY / "folder", providers / "toy")
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(folder), "TOY_FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "PYTEST_ADDOPTS"):
        environ.pop(name, None)
    return subprocess.run([sys.executable, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.processes
def test_one_folder_makes_a_provider(tmp_path: Path) -> None:
    walked = run(tree(tmp_path, toy=True), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/house/toy/walk.py")
    assert walked.returncode == 0, walked.stdout[-6000:] + walked.stderr[-2000:]


@pytest.mark.processes
def test_without_the_folder_nothing_of_it_is_left(tmp_path: Path) -> None:
    said = "from app.providers.registry import *; print([one.key for one in PROVIDERS], [kind.key for kind in KINDS])"
    answer = run(tree(tmp_path, toy=False), "-c", said)
    assert "graph" in answer.stdout, answer.stderr
    assert "toy" not in answer.stdout
