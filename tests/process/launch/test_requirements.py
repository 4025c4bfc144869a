"""What runs under `make run` may need nothing that requirements.txt does not bring."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Every process of an installation imports one of these; whoever tries a package that is not there must do without.
PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in MISSING:
            raise ModuleNotFoundError(name, name=name)

MISSING = set(sys.argv[1:])
sys.meta_path.insert(0, Missing())
import app.sandbox.simulators.__main__, app.process.launch.__main__
# The supervisor and the simulators start in a fraction of the time, and stay small.
assert not [name for name in sys.modules if name.startswith(("app.domain", "app.web"))]
import gunicorn.app.wsgiapp, gunicorn.workers.ggevent
import app.process.application, app.sandbox.demo.load
import app.process.launch.demo, app.process.background.runner
from app.config import Settings
from app.core.crypto import generate_key
app.process.application.create_app(Settings(database_url="postgresql+psycopg://127.0.0.1/none", redis_url="redis://127.0.0.1:1",
    storage_url="file:///nonexistent", encryption_keys=generate_key()))
# What draws and reads PDFs takes 24 MB in each family of processes, and few ever do either.
assert not {"fpdf", "pypdf", "fontTools"} & set(sys.modules)
"""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.processes
def test_everything_starts_with_the_pinned_packages_alone() -> None:
    text = (ROOT / "requirements.txt").read_text()
    pinned = {_plain(found) for found in re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==", text, re.MULTILINE)}
    missing = {name for name, brought in packages_distributions().items() if not {_plain(b) for b in brought} & pinned}
    assert "pytest" in missing
    run = subprocess.run([sys.executable, "-c", PROGRAM, *missing], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
