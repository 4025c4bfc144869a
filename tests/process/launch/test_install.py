"""The installer, as far as it can be tried without installing anything."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.process.launch import install


def test_an_old_python_is_told_what_is_needed() -> None:
    with pytest.raises(install.InstallError, match=r"needs Python 3\.11 or newer; this is 3\.9\.2"):
        install.check_python((3, 9, 2))
    install.check_python((3, 11, 0))


def test_an_old_python_can_read_the_installer() -> None:
    source = Path(install.__file__).read_text()
    ast.parse(source, feature_version=(3, 6))


def test_the_installer_uses_the_standard_library_alone() -> None:
    tree = ast.parse(Path(install.__file__).read_text())
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {*sys.stdlib_module_names, "__future__"}


def test_a_missing_venv_module_names_the_package_to_install() -> None:
    hint = install.venv_hint("The virtual environment was not created successfully because ensurepip is not\navailable.")
    assert f"apt-get install -y python3.{sys.version_info[1]}-venv" in hint
    assert "disk full" in install.venv_hint("disk full")


def test_the_second_installation_finds_nothing_to_do() -> None:
    command = [sys.executable, install.__file__, "run", "test"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": ""})
    assert result.stdout + result.stderr == ""


def test_changed_requirements_are_another_installation(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("flask==3.1.3\n")
    before = install.stamp_path(str(file))
    file.write_text("flask==3.1.4\n")
    assert install.stamp_path(str(file)) != before


def test_a_named_chromium_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", "/opt/my/chromium")
    assert install.find_chromium() == "/opt/my/chromium"


def test_playwrights_own_chromium_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "chromium-1200" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert install.find_chromium() == str(program)
